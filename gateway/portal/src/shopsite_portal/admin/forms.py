"""What the API found wrong with a form."""

from typing import Any

from shopsite_portal.admin.api import ApiRefused


def faults_of(refusal: ApiRefused) -> dict[str, Any]:
    """Return the sentences by field, to be shown beside them.

    Raises:
        ApiRefused: no field is at fault, so the refusal has a page of its own.
    """
    if refusal.code == "csrf_failed" or not refusal.details:
        raise refusal
    return refusal.details
