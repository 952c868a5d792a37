"""Dead letters: messages that no handler could take, to be replayed or dropped."""

import json

from fastapi import APIRouter, Response

from shopsite_portal.admin.listing import list_of
from shopsite_portal.admin.visit import AdminVisit

router = APIRouter()
LIST = "/admin/dead-letters/"
_API = "/api/admin/dead-letters/"


@router.get(LIST)
async def show_dead_letters(visit: AdminVisit) -> Response:
    """List them with reason and payload."""
    listing = await list_of(visit, _API, ("queue", "event"))
    payloads = {row["id"]: json.dumps(row["payload"], indent=2, ensure_ascii=False) for row in listing.rows}
    return visit.page("dead_letters.html", listing=listing, payloads=payloads)


@router.post("/admin/dead-letters/{letter_id}/replay/")
async def replay(visit: AdminVisit, letter_id: str) -> Response:
    """Send one back to its queue."""
    return await visit.attempt("POST", f"{_API}{letter_id}/replay/", to=LIST, done="The letter goes back to its queue.")


@router.post("/admin/dead-letters/{letter_id}/drop/")
async def drop(visit: AdminVisit, letter_id: str) -> Response:
    """Delete one for good."""
    return await visit.attempt("DELETE", f"{_API}{letter_id}/", to=LIST, done="The letter is dropped.")
