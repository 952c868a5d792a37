"""Reviews: what customers wrote, approved, hidden or deleted, also many at once."""

from fastapi import APIRouter, Response

from shopsite_portal.admin.listing import list_of
from shopsite_portal.admin.visit import SignedIn

router = APIRouter()
LIST = "/admin/reviews/"
_API = "/api/reviews/"
_DONE = {"approve": "approved", "hide": "hidden", "delete": "deleted"}


@router.get(LIST)
async def show_reviews(visit: SignedIn) -> Response:
    """List the reviews."""
    return visit.page("reviews.html", listing=await list_of(visit, _API, ("is_approved", "rating", "product")))


@router.post(LIST)
async def moderate(visit: SignedIn) -> Response:
    """Approve, hide or delete the chosen ones."""
    chosen, step = [str(value) for value in visit.form.getlist("chosen")], visit.field("step")
    if not chosen or step not in _DONE:
        return visit.go(LIST, "Choose reviews first.", tone="bad")
    for review_id in chosen:
        path = f"{_API}{review_id}/"
        if step == "delete":
            await visit.api.call("DELETE", path)
        else:
            await visit.api.call("PATCH", path, json={"is_approved": step == "approve"})
    return visit.go(LIST, f"{len(chosen)} review{'s' if len(chosen) != 1 else ''} {_DONE[step]}.")
