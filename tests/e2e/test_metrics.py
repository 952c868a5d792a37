"""Every metric that docs/metrics.md names is served by a running process, and the reverse."""

import re

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from shopsite_common.testing.polling import eventually
from shopsite_local.layout import OFFSETS, ROOT

pytestmark = pytest.mark.e2e

ROW = re.compile(r"\| `(shopsite_\w+)` \| (\w+) \| (.*?) \|")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|@|\d{6}")
PROCESSES = [name for name in OFFSETS if name.endswith("-metrics")]
UNITS = ("_total", "_seconds", "_info")


def named():
    """Return type and labels of each metric in the document."""
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    return {name: (kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in ROW.findall(text)}


@pytest.fixture
async def scraped(shop):
    """What every process says of itself: families by process."""
    base = int(shop.url("SHOPSITE_PORT_BASE"))
    found = {}
    async with httpx.AsyncClient(timeout=30) as client:
        for process in PROCESSES:
            answer = await client.get(f"http://127.0.0.1:{base + OFFSETS[process]}/metrics")
            found[process] = list(text_string_to_metric_families(answer.text))
    return found


def ours(scraped):
    """Return type and labels (empty where there is no sample yet) of each of our metrics."""
    found = {}
    for family in (family for families in scraped.values() for family in families):
        if family.name.startswith("shopsite_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            found[name] = (family.type, found.get(name, (None, set()))[1] | labels)
    return found


async def test_the_document_and_the_processes_name_the_same_metrics(scraped):
    document, served = named(), ours(scraped)
    assert sorted(document) == sorted(served)
    assert {name: kind for name, (kind, _) in document.items()} == {name: kind for name, (kind, _) in served.items()}


async def test_labels_are_those_of_the_document(scraped):
    document = named()
    wrong = {name: labels for name, (_, labels) in ours(scraped).items() if labels and labels != document[name][1]}
    assert wrong == {}


async def test_names_and_labels_keep_to_conventions(scraped):
    for name, (kind, _) in ours(scraped).items():
        assert name.endswith("_total") == (kind == "counter"), name
        assert kind != "histogram" or name.endswith("_seconds"), name
    values = {
        (sample.name, label, value)
        for families in scraped.values()
        for family in families
        if family.name.startswith("shopsite_")
        for sample in family.samples
        for label, value in sample.labels.items()
    }
    assert [entry for entry in values if ID.search(entry[2])] == []


async def test_a_purchase_moves_the_figures(shop, buyer, new_product):
    base = int(shop.url("SHOPSITE_PORT_BASE"))

    async def figure(process, sample_name, **labels):
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.get(f"http://127.0.0.1:{base + OFFSETS[f'{process}-metrics']}/metrics")
        families = text_string_to_metric_families(answer.text)
        samples = (sample for family in families for sample in family.samples)
        return sum(s.value for s in samples if s.name == sample_name and labels.items() <= s.labels.items())

    async def checkouts():
        return await figure(
            "orders-api", "shopsite_http_request_seconds_count", route="/api/checkout/", method="POST", status="201"
        )

    async def sums():
        return (
            await figure("orders-worker", "shopsite_revenue", currency="NGN"),
            await figure("orders-worker", "shopsite_orders", status="PROCESSING"),
            await figure("catalog-worker", "shopsite_products_out_of_stock"),
            await figure("payments-worker", "shopsite_payments", status="SUCCEEDED"),
        )

    before, asked = await sums(), await checkouts()
    product = await new_product(stock=1, price="250.00")
    order = await buyer.buy(product["id"])
    await buyer.pay(order["id"])
    await buyer.becomes(order["id"], "PROCESSING")
    assert await checkouts() == asked + 1
    assert await figure("orders-worker", "shopsite_queue_messages", queue="orders.on_payment_succeeded") >= 0

    async def moved():
        after = await sums()
        return all(later > earlier for later, earlier in zip(after, before, strict=True))

    await eventually(moved, within=90, every=1)


async def test_what_alerts_and_dashboards_ask_of_traefik_and_rabbitmq_is_there(shop):
    folder = ROOT / "deploy" / "observability"
    queries = "".join(
        path.read_text(encoding="utf-8") for path in (folder / "alerts.yml", *folder.glob("grafana/**/*.json"))
    )
    base = int(shop.url("SHOPSITE_PORT_BASE"))
    await shop.request("GET", "/api/products/")
    async with httpx.AsyncClient(timeout=30) as client:
        for name, port in (("traefik", "traefik-internal"), ("rabbitmq", "rabbitmq-prometheus")):
            served = (await client.get(f"http://127.0.0.1:{base + OFFSETS[port]}/metrics")).text
            asked = set(re.findall(rf"\b{name}_[a-z_]+", queries))
            assert asked
            assert [each for each in asked if f"# TYPE {each} " not in served] == []
