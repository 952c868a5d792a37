import asyncio

import cloudinary.exceptions
import httpx
import pytest

from shopsite_catalog.clients.orders import HttpOrders
from shopsite_catalog.clients.pictures import CloudinaryStore, account_of
from shopsite_catalog.clients.shared_reads import SharedReads
from shopsite_catalog.errors import NotAPicture
from shopsite_catalog.manage.drawing import draw_picture
from shopsite_catalog.manage.seeding import read_categories, sample_products
from shopsite_catalog.schemas.products import ProductCreate
from shopsite_common.errors import Unavailable
from shopsite_common.ids import uuid7


class AnsweringClient:
    def __init__(self, status, body):
        self._answer = httpx.Response(status, json=body)
        self.asked = []

    async def request(self, method, path, **options):
        self.asked.append((method, path, options))
        return self._answer


@pytest.mark.parametrize("voided", [True, False])
async def test_orders_says_whether_an_id_is_void(voided):
    client, order_id = AnsweringClient(200, {"voided": voided}), uuid7()

    assert await HttpOrders(client).void(order_id) is voided
    assert client.asked == [("POST", f"/internal/orders/{order_id}/void/", {"repeatable": True})]


async def test_any_other_answer_of_orders_is_none():
    with pytest.raises(Unavailable):
        await HttpOrders(AnsweringClient(404, {})).void(uuid7())


async def test_who_asks_during_a_read_gets_the_next_one():
    reads, began, gates = [], asyncio.Event(), [asyncio.Event(), asyncio.Event()]

    async def get(_key):
        number = len(reads)
        reads.append(number)
        began.set()
        await gates[number].wait()
        return number

    shared = SharedReads(get)
    first = [asyncio.create_task(shared.read("k")) for _ in range(2)]
    await began.wait()
    second = [asyncio.create_task(shared.read("k")) for _ in range(2)]
    gates[0].set()
    gates[1].set()

    assert await asyncio.gather(*first, *second) == [0, 0, 1, 1]


async def test_a_shared_read_fails_for_all_who_share_it():
    async def get(_key):
        raise OSError

    shared = SharedReads(get)
    found = await asyncio.gather(*(shared.read("k") for _ in range(2)), return_exceptions=True)
    assert [type(error) for error in found] == [OSError, OSError]


def test_the_account_is_read_from_the_url_alone():
    assert account_of("cloudinary://key:se%40cret@Shop?upload_prefix=http://127.0.0.1:1&secure=true") == {
        "cloud_name": "Shop",
        "api_key": "key",
        "api_secret": "se@cret",
        "upload_prefix": "http://127.0.0.1:1",
    }
    for wrong in ("https://key:secret@shop", "cloudinary://shop", "cloudinary://key@shop"):
        with pytest.raises(ValueError, match="CLOUDINARY_URL"):
            account_of(wrong)


async def test_without_an_account_pictures_are_not_available():
    store = CloudinaryStore("")
    with pytest.raises(Unavailable):
        await store.upload("id", b"x")
    store.close()


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (cloudinary.exceptions.BadRequest("Invalid image file"), NotAPicture),
        (cloudinary.exceptions.GeneralError("500"), Unavailable),
        (OSError(), Unavailable),
        ({"url": "http://x"}, Unavailable),
        ({"width": 1, "height": 1}, Unavailable),
    ],
)
async def test_what_goes_wrong_at_cloudinary(monkeypatch, outcome, error):
    def upload(*_args, **_options):
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr("cloudinary.uploader.upload", upload)
    store = CloudinaryStore("cloudinary://k:s@shop")
    with pytest.raises(error):
        await store.upload("id", b"x")
    store.close()


async def test_a_picture_that_was_not_destroyed_is_not_forgotten(monkeypatch):
    monkeypatch.setattr("cloudinary.uploader.destroy", lambda *_args, **_options: {"result": "error"})
    store = CloudinaryStore("cloudinary://k:s@shop")
    with pytest.raises(Unavailable):
        await store.destroy("id")
    store.close()


def test_the_sample_catalog_is_large_varied_and_sound():
    samples = sample_products()

    assert len(samples) >= 120
    assert len(read_categories()) >= 8
    assert len({sample["name"] for sample in samples}) == len(samples)
    assert len({sample["category"] for sample in samples[:10]}) == 10
    assert sum(sample["is_featured"] for sample in samples) >= 8
    assert sum(sample["stock"] == 0 for sample in samples) >= 3
    assert sum(0 < sample["stock"] <= sample["low_stock_threshold"] for sample in samples) >= 5
    for sample in samples:
        ProductCreate.model_validate(sample)


def test_a_drawn_picture_is_always_the_same_and_small():
    one, two = (draw_picture("Linen shirt", "Fashion", "#b4654a") for _ in range(2))

    assert one == two != draw_picture("Linen skirt", "Fashion", "#b4654a")
    assert one.startswith(b"\xff\xd8")
    assert len(one) < 100_000
