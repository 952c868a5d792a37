"""What catalog's processes hold open, and how endpoints get at it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from shopsite_catalog.clients.answers import AnswerCache
from shopsite_catalog.clients.inspection import Inspector
from shopsite_catalog.clients.orders import HttpOrders, Orders
from shopsite_catalog.clients.pictures import CloudinaryStore, PictureStore
from shopsite_catalog.settings import Settings
from shopsite_common.errors import NotAuthenticated
from shopsite_common.rate_limit import Limiter
from shopsite_common.resources import Resources

LIST_VERSION = "products:version"


def detail_version(product_id: UUID) -> str:
    """Return the key of the version of a product's detail."""
    return f"product:version:{product_id}"


class CatalogResources(Resources):
    """The common resources, and catalog's clients."""

    settings: Settings

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.answers = AnswerCache(self.redis, seconds=settings.product_cache_seconds)
        self.inspector = Inspector()
        self.orders: Orders = HttpOrders(self.client("orders"))
        self._cloudinary = CloudinaryStore(settings.cloudinary_url, timeout=settings.cloudinary_timeout_seconds)
        self.pictures: PictureStore = self._cloudinary
        self.limiter = Limiter(self.redis)

    async def touch(self, *product_ids: UUID) -> None:
        """Let no cached answer about these products count any more; with Redis down the worker does it later."""
        await self.answers.try_to_touch(LIST_VERSION, *map(detail_version, product_ids))

    async def touch_details(self, *product_ids: UUID) -> None:
        """Do so for the details alone: after a sale, when lists may be a moment behind."""
        await self.answers.try_to_touch(*map(detail_version, product_ids))

    async def close(self) -> None:
        """Close everything."""
        self._cloudinary.close()
        await super().close()


async def _resources(request: Request) -> CatalogResources:
    found: CatalogResources = request.app.state.resources
    return found


async def _for_anybody(request: Request) -> CatalogResources:
    """Return the resources to somebody who needs no credential, but may have no bad one.

    One flat dependency, where ``OptionalUser`` is a tree of three: that difference is a sixth of a cached read.
    """
    own = await _resources(request)
    credential = request.headers.get("authorization")
    if credential:
        scheme, _, token = credential.partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated
        await own.keys.verify(token.strip())
    return own


Own = Annotated[CatalogResources, Depends(_resources)]
ForAnybody = Annotated[CatalogResources, Depends(_for_anybody)]
