import asyncio
import os
import socket
import subprocess
import sys

import httpx
import pytest
from sqlalchemy import text

from shopsite_catalog.manage import draw_pictures, recount_stock, republish_products, seed_products
from shopsite_catalog.settings import Settings
from shopsite_common.cli import run_service
from shopsite_common.events import ProductUpdated
from shopsite_common.testing.messages import emitted
from shopsite_common.testing.polling import eventually

pytestmark = pytest.mark.integration


@pytest.fixture
async def simulator(tmp_path):
    """A Cloudinary of this test's own; gives its CLOUDINARY_URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    account = {"CLOUDINARY_CLOUD_NAME": "shop", "CLOUDINARY_API_KEY": "key", "CLOUDINARY_API_SECRET": "secret"}
    environment = {**os.environ, **account, "PORT": str(port), "STATE_DIR": str(tmp_path / "pictures")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "shopsite_local.cloudinary", env=environment, stdout=subprocess.DEVNULL
    )

    async def ready():
        try:
            async with httpx.AsyncClient() as client:
                return (await client.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200
        except httpx.TransportError:
            return False

    try:
        await eventually(ready, within=30)
        yield f"cloudinary://key:secret@shop?upload_prefix=http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


def scalar(db, statement):
    return db.run_here(lambda session: session.connection().execute(text(statement)).scalar_one())


async def test_samples_and_their_pictures_are_loaded_once(db, settings, environment, simulator, capsys):
    environment.setenv("CLOUDINARY_URL", simulator)

    assert await asyncio.to_thread(seed_products, Settings()) == 0
    first = capsys.readouterr().out
    assert await asyncio.to_thread(seed_products, Settings()) == 0

    count = scalar(db, "SELECT count(*) FROM products")
    assert first == f"{count} sample products put on sale\n{count} pictures drawn and stored\n"
    assert capsys.readouterr().out == "the catalog has products: nothing was added\n"
    assert scalar(db, "SELECT count(*) FROM product_images WHERE ready") == count
    url = scalar(db, "SELECT url FROM product_images LIMIT 1")
    async with httpx.AsyncClient() as client:
        picture = await client.get(url)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert await asyncio.to_thread(recount_stock, Settings()) == 0


async def test_the_samples_stand_without_a_place_for_pictures(db, environment, settings, capsys):
    environment.setenv("CLOUDINARY_URL", "cloudinary://k:s@shop?upload_prefix=http://127.0.0.1:9")

    assert await asyncio.to_thread(seed_products, Settings()) == 0

    assert "0 pictures drawn and stored" in capsys.readouterr().out
    assert scalar(db, "SELECT count(*) FROM products") >= 120
    assert scalar(db, "SELECT count(*) FROM product_images") == 0


async def test_missing_pictures_are_drawn_later(own, settings, make_product, environment, simulator, capsys, client):
    product = make_product(category="Fashion")
    environment.setenv("CLOUDINARY_URL", simulator)

    assert await asyncio.to_thread(draw_pictures, Settings()) == 0

    assert capsys.readouterr().out.endswith("1 pictures drawn and stored\n")
    assert len((await client.get(f"/api/products/{product}/")).json()["images"]) == 1


def test_every_product_on_sale_is_told_anew(db, settings, make_product, session, capsys):
    products = [make_product(name=f"P{number}") for number in range(45)]

    assert republish_products(Settings()) == 0
    assert "45 products republished" in capsys.readouterr().out

    told = [event.product_id for event in emitted(session, "catalog") if isinstance(event, ProductUpdated)]
    assert told == sorted(products)


def test_a_wrong_stock_is_printed(db, settings, make_product, capsys):
    make_product(name="Shirt", stock=3)
    db.run_here(lambda session: session.connection().execute(text("UPDATE products SET stock = 4")))

    assert run_service("shopsite_catalog", ["manage", "recount-stock"]) == 1
    assert "Shirt: stock 4, ledger 3" in capsys.readouterr().out
