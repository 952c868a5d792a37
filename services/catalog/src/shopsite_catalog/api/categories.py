"""Categories."""

from fastapi import APIRouter, Request, Response

from shopsite_catalog.api.answers import conditional, key_of, page_document
from shopsite_catalog.api.parameters import ANYBODY, IF_NONE_MATCH, NOT_MODIFIED, PAGING
from shopsite_catalog.api.products import asked_of
from shopsite_catalog.deps import LIST_VERSION, ForAnybody
from shopsite_catalog.domain.listing import ProductQuery
from shopsite_catalog.schemas.products import CategoryOut, answer_of
from shopsite_catalog.service import categories
from shopsite_common.cache import CachedBody
from shopsite_common.errors import NotAuthenticated, NotFound, TooManyRequests, ValidationFailed
from shopsite_common.openapi import documented
from shopsite_common.pagination import Page, origin

router = APIRouter(tags=["categories"])


@router.get(
    "/api/categories/",
    operation_id="list_categories",
    response_model=Page[CategoryOut],
    responses={**documented(ValidationFailed, NotAuthenticated, NotFound, TooManyRequests), **NOT_MODIFIED},
    openapi_extra={"security": ANYBODY, "parameters": [*PAGING, *IF_NONE_MATCH]},
)
async def list_categories(request: Request, own: ForAnybody) -> Response:
    """List categories by name, each with the number of its products on sale."""
    asked = asked_of(request)
    pairs = tuple(pair for pair in asked.pairs if pair[0] == "page_size")
    query = ProductQuery(page=asked.page, size=asked.size, pairs=pairs)
    path = f"{origin(request, own.settings.public_url)}/api/categories/"

    async def make() -> CachedBody:
        count, results = await own.db.run(categories.list_categories, query=query)
        return answer_of(page_document(query, path, count, results))

    return conditional(request, await own.answers.read(key_of("categories", query, path), LIST_VERSION, make))
