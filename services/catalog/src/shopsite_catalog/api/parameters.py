"""The query parameters of product lists, for the documents.

They are read by ``domain.listing`` from the query string itself: twenty declared parameters would cost the shop's
hottest path more than everything else it does.
"""

from typing import Any

from shopsite_catalog.domain.listing import DEFAULT_SIZE, FLAGS, MAX_SIZE, MAX_TEXT, ORDERINGS

_NUMBER = {"type": "string", "pattern": r"^[+-]?[0-9]{1,12}(\.[0-9]{1,8})?$"}
_FLAG = {"type": "string", "enum": list(FLAGS)}
_TEXT = {"type": "string", "maxLength": MAX_TEXT, "pattern": r"^[^\x00]*$"}


def _parameter(name: str, description: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema, **more}


PAGING = [
    _parameter("page", "From 1", {"type": "integer", "minimum": 1, "default": 1}),
    _parameter(
        "page_size",
        f"1 to {MAX_SIZE}",
        {"type": "integer", "minimum": 1, "maximum": MAX_SIZE, "default": DEFAULT_SIZE},
    ),
]
FILTERS = [
    _parameter("category", "The name or the slug of a category", _TEXT, example="home-kitchen"),
    _parameter("price", "Exactly this price", _NUMBER, example="18500.00"),
    _parameter("price__gt", "Above this price", _NUMBER),
    _parameter("price__lt", "Under this price", _NUMBER, example="20000"),
    _parameter("price__gte", "At least this price", _NUMBER),
    _parameter("price__lte", "At most this price", _NUMBER),
    _parameter(
        "tags",
        "Has this tag; repeated: has all of them",
        {"type": "array", "items": _TEXT, "maxItems": 20},
        style="form",
        explode=True,
    ),
    _parameter("tags__icontains", "A tag holds this text", _TEXT),
    _parameter("description__icontains", "The description holds this text", _TEXT),
    _parameter("is_featured", "Featured or not", _FLAG),
    _parameter("is_in_stock", "In stock or not", _FLAG),
    _parameter("search", "Words in name, tags and description, the best match first", _TEXT, example="linen shirt"),
    _parameter(
        "ordering",
        "Without it: the best match first where words are searched for, else the newest first",
        {"type": "string", "enum": [*ORDERINGS, *(f"-{name}" for name in ORDERINGS)]},
    ),
]
IF_NONE_MATCH = [
    {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "The ETag of an answer that the client has; if it still holds: 304",
        "schema": {"type": "string"},
    }
]
ANYBODY: list[dict[str, list[str]]] = [{}, {"accessToken": []}]  # as OpenAPI's ``security``
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "What the client has still holds."}}
