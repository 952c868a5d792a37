"""Alerts, dashboards and runbooks name what exists: each metric, each page, and the reverse."""

import importlib.util
import json
import re

import pytest
import yaml

from shopsite_local.layout import ROOT

FOLDER = ROOT / "deploy" / "observability"
RUNBOOKS = ROOT / "docs" / "runbooks"
NAME = re.compile(r"\b((?:shopsite|traefik|rabbitmq|pg|redis)_\w+)")
OURS = re.compile(r"\| `(shopsite_\w+)` \| (\w+) \| (.*?) \|")
LABELS = re.compile(r"(?:by|without) \(([\w, ]+)\)|(\w+)(?:=~|!~|!=|=)\"")
# Of others. The first two are compared with running servers in tests/e2e/test_metrics.py; the last two were read from
# the exporters of Debian 12 (0.11.1 and 1.45.0) against PostgreSQL 15 and Redis 7.
OF_OTHERS = {
    "traefik_entrypoint_requests_total",
    "rabbitmq_alarms_free_disk_space_watermark",
    "rabbitmq_alarms_memory_used_watermark",
    "rabbitmq_disk_space_available_bytes",
    "rabbitmq_process_resident_memory_bytes",
    "pg_settings_max_connections",
    "pg_stat_database_numbackends",
    "pg_up",
    "redis_memory_max_bytes",
    "redis_memory_used_bytes",
    "redis_up",
}
OF_SCRAPES = {"process", "job", "instance", "le", "entrypoint", "code", "datname"}


def documented():
    """Return the labels of each of our metrics, by every name that a query may call it."""
    found = {}
    for name, kind, labels in OURS.findall((ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")):
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        found |= {f"{name}{suffix}": set(re.findall(r"`(\w+)`", labels)) for suffix in suffixes}
    return found


def alerts():
    document = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
    return {rule["alert"]: rule for group in document["groups"] for rule in group["rules"]}


def dashboards():
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("grafana/dashboards/*")}


def expressions():
    """Yield every query with where it stands."""
    for name, rule in alerts().items():
        yield f"alert {name}", rule["expr"]
    for name, board in dashboards().items():
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}", target["expr"]


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_a_query_asks_for_metrics_and_labels_that_exist(where, expression):
    known = documented()
    words = re.sub(r'"[^"]*"', '""', expression)
    names = set(NAME.findall(words))
    assert names or "up" in words
    assert names - set(known) - OF_OTHERS == set()
    allowed = OF_SCRAPES.union(*(known[name] for name in names & set(known)))
    asked = {label.strip() for group, label in LABELS.findall(words) for label in (group or label).split(",")}
    assert asked - allowed == set()


def test_our_metrics_are_all_looked_at_somewhere():
    asked = " ".join(expression for _, expression in expressions())
    unseen = {name for name in documented() if name.removesuffix("_bucket") not in asked}
    unseen -= {f"{name.removesuffix('_bucket')}{end}" for name in documented() for end in ("_sum", "_count")}
    assert unseen == {"shopsite_process_info"}


def test_every_alert_has_its_runbook_and_the_reverse():
    told = {
        name
        for page in RUNBOOKS.glob("*.md")
        for name in re.findall(r"^Alert `([\w-]+)`: ", page.read_text(encoding="utf-8"), re.MULTILINE)
        if page.stem == name
    }
    assert set(alerts()) == told
    assert {rule["labels"]["severity"] for rule in alerts().values()} == {"page", "ticket"}


def test_commands_of_runbooks_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    for page in RUNBOOKS.glob("*.md"):
        asked = set(re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8")))
        assert asked - targets == set(), page.name


def test_links_between_runbooks_lead_somewhere():
    for page in RUNBOOKS.glob("*.md"):
        links = re.findall(r"\]\(([\w-]+\.md)\)", page.read_text(encoding="utf-8"))
        assert [link for link in links if not (RUNBOOKS / link).exists()] == [], page.name


def test_dashboards_are_those_that_the_script_writes():
    spec = importlib.util.spec_from_file_location("dashboards", FOLDER / "dashboards.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("grafana/dashboards/*")}
    assert script.everything() == written


def test_every_process_is_scraped():
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    names = next(job for job in config["scrape_configs"] if job["job_name"] == "shopsite")["dns_sd_configs"][0]["names"]
    services = ("identity", "catalog", "cart", "orders", "payments", "notifications")
    assert set(names) == {f"{name}-{role}" for name in services for role in ("api", "worker")} | {"authz", "portal"}
