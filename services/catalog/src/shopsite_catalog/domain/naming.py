"""Names of categories, and what they look like in a URL."""

import hashlib
import re
import unicodedata

from shopsite_common.errors import ValidationFailed

_GAP = re.compile(r"[\W_]+")


def name_key(name: str) -> str:
    """Return what two spellings of one name have in common: case and compatibility forms don't count."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def slug_of(name: str) -> str:
    """Return the name as part of a URL: ``Home & Kitchen`` is ``home-kitchen``.

    Raises:
        ValidationFailed: the name has neither letter nor digit.
    """
    slug = _GAP.sub("-", name_key(name)).strip("-")
    if not slug:
        raise ValidationFailed.of(category="A category's name needs at least one letter or digit.")
    return slug


def other_slug_of(name: str) -> str:
    """Return a second choice, for a name whose slug already belongs to another name."""
    digest = hashlib.blake2b(name_key(name).encode(), digest_size=3).hexdigest()
    return f"{slug_of(name)}-{digest}"
