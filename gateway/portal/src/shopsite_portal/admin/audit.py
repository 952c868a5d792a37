"""The audit log: who did what, when, to which object."""

from fastapi import APIRouter, Response

from shopsite_portal.admin.listing import list_of
from shopsite_portal.admin.visit import AdminVisit

router = APIRouter()


@router.get("/admin/audit/")
async def show_audit(visit: AdminVisit) -> Response:
    """List the deeds of staff and admins."""
    filters = ("actor", "action", "object", "at__gte", "at__lte")
    return visit.page("audit.html", listing=await list_of(visit, "/api/admin/audit/", filters))
