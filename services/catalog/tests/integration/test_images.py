import io

import pytest
from PIL import Image
from sqlalchemy import text

from shopsite_catalog.service import images
from shopsite_catalog.worker import destroy_pictures
from shopsite_common.events import ProductUpdated
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import emitted

pytestmark = pytest.mark.integration


def picture(kind="PNG", size=(40, 30)):
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind)
    return out.getvalue()


def upload(client, product, data, headers, name="picture.png"):
    files = {"file": (name, data, "application/octet-stream")}
    return client.post(f"/api/products/{product}/images/", files=files, headers=headers)


async def count(db, table):
    statement = text(f"SELECT count(*) FROM {table}")
    return await db.run(lambda session: session.connection().execute(statement).scalar_one())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_picture_is_stored_and_shown_with_its_product(client, own, staff, make_product, session, kind):
    product = make_product()
    await client.get(f"/api/products/{product}/")

    added = await upload(client, product, picture(kind), staff, name="evil.svg")

    body = added.json()
    assert added.status_code == 201
    assert (body["width"], body["height"], body["position"]) == (40, 30, 0)
    (public_id,) = own.pictures.stored
    assert public_id == f"shopsite/products/{product}/{body['id']}"
    assert (await client.get(f"/api/products/{product}/")).json()["images"] == [body]
    assert (await client.get("/api/products/")).json()["results"][0]["images"] == [body]
    told = [event for event in emitted(session, "catalog") if isinstance(event, ProductUpdated)]
    assert [event.image_url for event in told] == [body["url"]]


async def test_pictures_keep_their_order_and_the_first_is_the_main_one(client, own, staff, by_cart, make_product):
    product = make_product()
    added = [(await upload(client, product, picture(), staff)).json() for _ in range(3)]

    await client.delete(f"/api/products/{product}/images/{added[0]['id']}/", headers=staff)

    shown = (await client.get(f"/api/products/{product}/")).json()["images"]
    card = (await client.get(f"/internal/products/{product}/", headers=by_cart)).json()
    assert [(image["id"], image["position"]) for image in shown] == [(added[1]["id"], 1), (added[2]["id"], 2)]
    assert card["image_url"] == added[1]["url"]


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
GIF = picture("GIF")


@pytest.mark.parametrize(
    "data",
    [b"", b"no picture", SVG, GIF, b"<html></html>", picture()[:60], picture("JPEG")[:-40], picture("BMP")],
    ids=["empty", "text", "svg", "gif", "html", "cut png", "cut jpeg", "bmp"],
)
async def test_what_is_no_picture_is_refused(client, own, staff, make_product, db, data):
    answer = await upload(client, make_product(), data, staff)

    assert answer.status_code == 400
    assert list(answer.json()["details"]) == ["file"]
    assert (own.pictures.stored, await count(db, "product_images")) == ({}, 0)


async def test_a_flood_of_pixels_is_refused_before_it_is_decoded(client, own, staff, make_product):
    header = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (20_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"

    answer = await upload(client, make_product(), header + bytes(2000), staff)

    assert answer.status_code == 400
    assert "million pixels" in answer.text or "broken" in answer.text


async def test_sizes_and_forms_of_the_body(client, own, staff, make_product, tokens):
    product = make_product()
    path = f"/api/products/{product}/images/"

    answers = [
        await upload(client, product, picture() + bytes(5 * 1024 * 1024), staff),
        await upload(client, product, bytes(7 * 1024 * 1024), staff),
        await client.post(path, data={"file": "http://example.com/a.png"}, files={"x": b"y"}, headers=staff),
        await client.post(path, files={"other": picture()}, headers=staff),
        await client.post(path, files={"file": picture()}, data={"position": "0"}, headers=staff),
        await client.post(path, json={"file": "x"}, headers=staff),
        await client.post(path, headers=staff),
        await upload(client, product, picture(), tokens.headers()),
        await upload(client, product, picture(), {}),
        await upload(client, uuid7(), picture(), staff),
    ]

    assert [answer.status_code for answer in answers] == [413, 413, 400, 400, 400, 415, 415, 403, 401, 404]
    assert own.pictures.stored == {}


async def test_without_cloudinary_a_picture_is_refused_and_nothing_is_left(client, own, staff, make_product, db):
    product = make_product()
    own.pictures.down = True

    answer = await upload(client, product, picture(), staff)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert (await client.get(f"/api/products/{product}/")).json()["images"] == []
    assert (await count(db, "product_images"), await count(db, "image_destroys")) == (0, 1)


async def test_a_deleted_picture_is_destroyed_however_long_it_takes(client, own, staff, make_product, db):
    product = make_product()
    added = (await upload(client, product, picture(), staff)).json()
    path = f"/api/products/{product}/images/{added['id']}/"

    answers = [await client.delete(path, headers=staff), await client.delete(path, headers=staff)]
    own.pictures.down = True
    failed = await destroy_pictures(own)
    await db.run(lambda session: session.connection().execute(text("UPDATE image_destroys SET retry_at = now()")))
    own.pictures.down = False
    done = await destroy_pictures(own)

    assert [answer.status_code for answer in answers] == [204, 404]
    assert (failed, done, own.pictures.stored, await count(db, "image_destroys")) == (0, 1, {}, 0)


async def test_an_upload_whose_process_died_is_swept_up(own, make_product, db):
    product = make_product()
    _, public_id = await db.run(images.begin_image, product_id=product)
    await own.pictures.upload(public_id, b"x")

    assert await db.run(images.give_up_uploads) == 0
    old = text("UPDATE product_images SET created_at = now() - interval '11 minutes'")
    await db.run(lambda session: session.connection().execute(old))
    assert await db.run(images.give_up_uploads) == 1
    await destroy_pictures(own)

    assert own.pictures.stored == {}


async def test_a_product_has_at_most_twenty_pictures(client, own, staff, make_product):
    product = make_product()
    answers = [await upload(client, product, picture(), staff) for _ in range(21)]

    assert [answer.status_code for answer in answers] == [201] * 20 + [409]
    assert answers[-1].json()["code"] == "too_many_images"


async def test_a_product_deleted_during_the_upload_leaves_no_picture(client, own, staff, make_product, db):
    product = make_product()
    inner = own.pictures.upload

    async def upload_slowly(public_id, data):
        await client.delete(f"/api/products/{product}/", headers=staff)
        return await inner(public_id, data)

    own.pictures.upload = upload_slowly
    answer = await upload(client, product, picture(), staff)

    assert answer.status_code == 404
    assert (await count(db, "product_images"), await count(db, "image_destroys")) == (0, 1)
