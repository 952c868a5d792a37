"""The sample catalog: products from a file, pictures drawn here."""

import asyncio
import sys
import time
from importlib.resources import files
from itertools import chain, zip_longest
from typing import Any
from uuid import UUID

import orjson

from shopsite_catalog.api.images import store_picture
from shopsite_catalog.deps import CatalogResources
from shopsite_catalog.manage.drawing import DEFAULT_COLOUR, draw_picture
from shopsite_catalog.service import samples
from shopsite_catalog.settings import Settings
from shopsite_common.errors import NotFound, Unavailable

_AT_ONCE = 4
_MOST = 500
_SECONDS = 25.0


def read_categories() -> list[dict[str, Any]]:
    """Return the sample categories with their products and colours."""
    found: list[dict[str, Any]] = orjson.loads(files("shopsite_catalog").joinpath("samples/catalog.json").read_bytes())
    return found


def sample_products() -> list[dict[str, Any]]:
    """Return the sample products, the categories taking turns, so that the first page shows something of each."""
    by_category = [
        [{"low_stock_threshold": 5, **product, "category": category["name"]} for product in category["products"]]
        for category in read_categories()
    ]
    return [product for product in chain.from_iterable(zip_longest(*by_category)) if product is not None]


async def seed(settings: Settings) -> int:
    """Load the samples into an empty catalog and give every product without one a picture; return the exit status.

    Pictures are a bonus: without a place for them, or when it does not answer, the catalog stands without.
    """
    own = CatalogResources(settings)
    try:
        made = await own.db.run(samples.load_samples, samples=sample_products(), currency=settings.shop_currency)
        _say(f"{made} sample products put on sale" if made else "the catalog has products: nothing was added")
        if made and settings.cloudinary_url:
            _say(await draw_missing(own))
    finally:
        await own.close()
    return 0


async def draw(settings: Settings) -> int:
    """Give every product without a picture one; return the exit status."""
    own = CatalogResources(settings)
    try:
        _say(await draw_missing(own))
    finally:
        await own.close()
    return 0


async def draw_missing(own: CatalogResources) -> str:
    """Draw and store a picture for each product that has none, as long as that goes well; return what became of it."""
    colours = {category["name"]: category["colour"] for category in read_categories()}
    waiting = list(await own.db.run(samples.list_without_picture, limit=_MOST))
    deadline = time.monotonic() + _SECONDS
    counts = await asyncio.gather(*(_draw_some(own, waiting, colours, deadline) for _ in range(_AT_ONCE)))
    left = f", {len(waiting)} are still without" if waiting else ""
    return f"{sum(counts)} pictures drawn and stored{left}"


async def _draw_some(
    own: CatalogResources, waiting: list[tuple[UUID, str, str]], colours: dict[str, str], deadline: float
) -> int:
    stored = 0
    while waiting and time.monotonic() < deadline:
        product_id, name, category = waiting.pop(0)
        data = await asyncio.to_thread(draw_picture, name, category, colours.get(category, DEFAULT_COLOUR))
        try:
            await store_picture(own, product_id, data, actor=None)
        except Unavailable:
            waiting.append((product_id, name, category))
            return stored
        except NotFound:
            continue  # somebody deleted the product meanwhile
        stored += 1
    return stored


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
