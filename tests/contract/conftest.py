"""The merged document, and a world in which each of its operations has something to work on."""

import sys
from pathlib import Path
from typing import Any

import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))
from operations import Operation, operations_of
from world import World, make_world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def document(standing_shop: Any) -> dict[str, Any]:
    answer = await standing_shop.request("GET", "/api/schema/", patient=True)
    found: dict[str, Any] = answer.json()
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def operations(document: dict[str, Any]) -> list[Operation]:
    return list(operations_of(document))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(standing_shop: Any) -> World:
    return await make_world(standing_shop)
