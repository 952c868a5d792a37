"""Reviews."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from shopsite_catalog.api.parameters import ANYBODY
from shopsite_catalog.deps import CatalogResources, ForAnybody, Own
from shopsite_catalog.errors import AlreadyReviewed, NotPurchased
from shopsite_catalog.schemas.reviews import ReviewCreate, ReviewOut, ReviewReplace, ReviewUpdate
from shopsite_catalog.service import reviews
from shopsite_common.auth import CurrentUser
from shopsite_common.errors import (
    Forbidden,
    NotAuthenticated,
    NotFound,
    PayloadTooLarge,
    TooManyRequests,
    UnsupportedMediaType,
    ValidationFailed,
)
from shopsite_common.openapi import documented
from shopsite_common.pagination import Page, Paging, page_of
from shopsite_common.tokens import Principal

router = APIRouter(tags=["reviews"])

_READING = (NotAuthenticated, NotFound, ValidationFailed, TooManyRequests)
_WRITING = (*_READING, Forbidden, PayloadTooLarge, UnsupportedMediaType)


async def read_filters(
    product: Annotated[UUID | None, Query(description="Of this product")] = None,
    rating: Annotated[int | None, Query(ge=1, le=5, description="With this rating")] = None,
    customer: Annotated[UUID | None, Query(description="By this customer")] = None,
    is_approved: Annotated[bool | None, Query(description="Approved or not")] = None,
) -> dict[str, Any]:
    """Return the filters of a list of reviews; those not given are None."""
    return {"product": product, "rating": rating, "customer": customer, "is_approved": is_approved}


@router.get(
    "/api/products/{product_id}/reviews/",
    operation_id="list_product_reviews",
    responses=documented(*_READING),
    openapi_extra={"security": ANYBODY},
)
async def list_product_reviews(request: Request, product_id: UUID, paging: Paging, own: ForAnybody) -> Page[ReviewOut]:
    """List the approved reviews of a product, newest first."""
    count, rows = await own.db.run(reviews.list_reviews_of_product, product_id=product_id, paging=paging)
    return page_of(request, paging, count, [ReviewOut.model_validate(row) for row in rows])


@router.get("/api/reviews/", operation_id="list_reviews", responses=documented(*_READING))
async def list_reviews(
    request: Request,
    user: CurrentUser,
    filters: Annotated[dict[str, Any], Depends(read_filters)],
    paging: Paging,
    own: Own,
) -> Page[ReviewOut]:
    """List reviews, newest first: a customer sees the approved ones and their own, staff all."""
    count, rows = await own.db.run(reviews.list_reviews, viewer=user, filters=filters, paging=paging)
    return page_of(request, paging, count, [ReviewOut.model_validate(row) for row in rows])


@router.post(
    "/api/reviews/",
    operation_id="create_review",
    status_code=201,
    responses=documented(*_WRITING, NotPurchased, AlreadyReviewed),
)
async def create_review(body: ReviewCreate, user: CurrentUser, own: Own) -> ReviewOut:
    """Review a product that is in one of one's own orders, paid and not refunded; once a product."""
    row = await own.db.run(
        reviews.create_review,
        author=user,
        product_id=body.product,
        rating=body.rating,
        comment=body.comment,
        approved=own.settings.review_auto_approve,
    )
    await own.touch(row.product)
    return ReviewOut.model_validate(row)


@router.get(
    "/api/reviews/{review_id}/",
    operation_id="get_review",
    responses=documented(NotAuthenticated, NotFound, TooManyRequests),
)
async def get_review(review_id: UUID, user: CurrentUser, own: Own) -> ReviewOut:
    """Return a review: an approved one, or one's own."""
    return ReviewOut.model_validate(await own.db.run(reviews.get_review, review_id=review_id, viewer=user))


@router.put("/api/reviews/{review_id}/", operation_id="replace_review", responses=documented(*_WRITING))
async def replace_review(review_id: UUID, body: ReviewReplace, user: CurrentUser, own: Own) -> ReviewOut:
    """Replace a review: its author, or staff."""
    return await _changed(own, review_id, body.given(), user)


@router.patch("/api/reviews/{review_id}/", operation_id="update_review", responses=documented(*_WRITING))
async def update_review(review_id: UUID, body: ReviewUpdate, user: CurrentUser, own: Own) -> ReviewOut:
    """Change some fields of a review: its author, or staff. Only staff set `is_approved`."""
    return await _changed(own, review_id, body.given(), user)


async def _changed(own: CatalogResources, review_id: UUID, changes: dict[str, Any], editor: Principal) -> ReviewOut:
    row = await own.db.run(reviews.update_review, review_id=review_id, editor=editor, changes=changes)
    await own.touch(row.product)
    return ReviewOut.model_validate(row)


@router.delete(
    "/api/reviews/{review_id}/",
    operation_id="delete_review",
    status_code=204,
    responses=documented(NotAuthenticated, NotFound, TooManyRequests),
)
async def delete_review(review_id: UUID, user: CurrentUser, own: Own) -> None:
    """Delete a review: its author, or staff."""
    await own.touch(await own.db.run(reviews.delete_review, review_id=review_id, editor=user))
