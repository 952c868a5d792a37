import httpx
import pytest

from shopsite_cart.clients import HttpCatalog
from shopsite_cart.errors import ProductNotFound
from shopsite_common.errors import Unavailable
from shopsite_common.http_client import HttpClient
from shopsite_common.ids import uuid7

PRODUCT_ID = uuid7()
GOOD = {
    "product_id": str(PRODUCT_ID),
    "name": "Mug",
    "price": "19.90",
    "currency": "NGN",
    "image_url": None,
    "stock": 3,
    "sequence": 7,
}


async def ask(answer):
    client = HttpClient("catalog", "http://catalog", retries=0)
    transport = httpx.MockTransport(lambda _: answer)
    client._client = httpx.AsyncClient(transport=transport, base_url="http://catalog")
    try:
        return await HttpCatalog(client).get_product(PRODUCT_ID)
    finally:
        await client.close()


async def test_a_product_is_read_as_the_catalog_tells_it():
    product = await ask(httpx.Response(200, json=GOOD))
    assert (str(product.price), product.stock, product.sequence) == ("19.90", 3, 7)


async def test_an_unknown_product_is_not_found():
    with pytest.raises(ProductNotFound):
        await ask(httpx.Response(404))


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), httpx.Response(401), httpx.Response(503)])
async def test_any_other_answer_is_unavailable(answer):
    with pytest.raises(Unavailable):
        await ask(answer)
