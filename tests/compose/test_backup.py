"""`deploy/backup`: a backup, a lost machine, an empty stack, and the shop goes on where the backup stood."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from shopsite_common.testing.polling import eventually

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3000), pytest.mark.usefixtures("needs_containers")]


async def command(*words, **environment):
    running = await asyncio.create_subprocess_exec(
        *words, cwd=ROOT, stdout=-1, stderr=-2, env={**os.environ, **environment}
    )
    said, _ = await running.communicate()
    assert running.returncode == 0, said.decode()
    return said.decode()


async def test_a_restored_shop_goes_on_where_the_backup_stood(shop, buyer, new_product, tmp_path):
    product = await new_product(stock=5)
    paid = await buyer.buy(product["id"])
    await buyer.pay(paid["id"])
    await buyer.becomes(paid["id"], "PROCESSING", within=60)
    await shop.ctl("stop", "orders-worker")  # what orders has to tell stays in its outbox
    waiting = await buyer.buy(product["id"])
    file = (await command("deploy/backup/backup.sh", str(tmp_path))).split()[-1]

    await command("docker", "compose", "down", "--volumes", "--timeout", "5")
    await command("deploy/backup/restore.sh", file)
    await shop.becomes_healthy()

    buyer.patient = True
    await buyer.sign_in()
    assert {order["id"]: order["status"] for order in (await buyer.get("/api/orders/"))["results"]} == {
        paid["id"]: "PROCESSING",
        waiting["id"]: "CREATED",
    }
    assert (await shop.request("GET", f"/api/products/{product['id']}/")).json()["stock"] == 3

    async def placed_mails():
        return sum(subject.startswith("We have your order") for subject in await shop.mails(buyer.email))

    await eventually(placed_mails, within=120, every=1)
    await buyer.pay(waiting["id"])
    await buyer.becomes(waiting["id"], "PROCESSING", within=120)
    assert await placed_mails() == 1  # the first order's was sent before the backup, and is not sent again
    databases = {name: value for name, value in shop.known.items() if name.startswith("DATABASE_URL")}
    await command(
        sys.executable, "-m", "shopsite_invariants", "--patience", "90", **databases, AMQP_URL=shop.url("AMQP_URL")
    )
    with pytest.raises(AssertionError, match="This shop has orders"):
        await command("deploy/backup/restore.sh", file)
