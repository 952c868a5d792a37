"""The dashboards of Grafana: ``.venv/bin/python deploy/observability/dashboards.py`` writes their files anew."""

# ruff: noqa: INP001 - a script beside what it writes

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "grafana" / "dashboards"
SERVICES = ("identity", "catalog", "cart", "orders", "payments", "notifications")
_SOURCE = {"type": "prometheus", "uid": "prometheus"}
_WIDTH, _HEIGHT, _COLUMNS = 8, 8, 3

Panel = tuple[str, str, Mapping[str, str]]
"""A title, a unit of Grafana, and queries by legend."""

_SECONDS = "shopsite_http_request_seconds"
OVERVIEW: Sequence[Panel] = (
    ("Things that are not as they should be", "short", {"{{check}}": "max by (check) (shopsite_invariant_violations)"}),
    ("Processes that answer", "short", {"up": 'sum(up{job="shopsite"})', "down": 'count(up{job="shopsite"} == 0)'}),
    (
        "Requests at the gateway",
        "reqps",
        {"{{code}}": 'sum by (code) (rate(traefik_entrypoint_requests_total{entrypoint="web"}[5m]))'},
    ),
    ("Requests by process", "reqps", {"{{process}}": f"sum by (process) (rate({_SECONDS}_count[5m]))"}),
    (
        "One request in twenty takes longer",
        "s",
        {"{{process}}": f"histogram_quantile(0.95, sum by (process, le) (rate({_SECONDS}_bucket[5m])))"},
    ),
    (
        "The gateway's check",
        "reqps",
        {"{{lane}} {{outcome}}": "sum by (lane, outcome) (rate(shopsite_authz_decisions_total[5m]))"},
    ),
    ("Oldest event unsent", "s", {"{{process}}": "max by (process) (shopsite_outbox_oldest_seconds)"}),
    ("Dead letters", "short", {"{{queue}}": "max by (queue) (shopsite_dead_letters) > 0"}),
    ("PostgreSQL's connections", "short", {"{{datname}}": "sum by (datname) (pg_stat_database_numbackends)"}),
    ("Redis' memory", "bytes", {"used": "redis_memory_used_bytes", "most": "redis_memory_max_bytes"}),
)
MESSAGING: Sequence[Panel] = (
    ("Events sent", "ops", {"{{process}}": "sum by (process) (rate(shopsite_outbox_sent_total[5m]))"}),
    ("Events unsent", "short", {"{{process}}": "max by (process) (shopsite_outbox_unsent)"}),
    ("Oldest event unsent", "s", {"{{process}}": "max by (process) (shopsite_outbox_oldest_seconds)"}),
    ("Refused by the broker", "ops", {"{{type}}": "sum by (type) (rate(shopsite_outbox_refused_total[5m]))"}),
    (
        "Events handled",
        "ops",
        {"{{outcome}}": "sum by (outcome) (rate(shopsite_events_handled_total[5m]))"},
    ),
    (
        "From event to effect, one in twenty takes longer",
        "s",
        {"{{handler}}": "histogram_quantile(0.95, sum by (handler, le) (rate(shopsite_event_seconds_bucket[5m])))"},
    ),
    ("Messages that wait", "short", {"{{queue}}": "max by (queue) (shopsite_queue_messages)"}),
    ("Dead letters", "short", {"{{queue}}": "max by (queue) (shopsite_dead_letters)"}),
    (
        "RabbitMQ's memory and disk",
        "bytes",
        {"memory": "rabbitmq_process_resident_memory_bytes", "disk free": "rabbitmq_disk_space_available_bytes"},
    ),
)
BUSINESS: Sequence[Panel] = (
    ("Orders by status", "short", {"{{status}}": "max by (status) (shopsite_orders)"}),
    ("Revenue since the shop began", "short", {"{{currency}}": "max by (currency) (shopsite_revenue)"}),
    (
        "Checkouts",
        "ops",
        {"{{status}}": f'sum by (status) (rate({_SECONDS}_count{{route="/api/checkout/",method="POST"}}[5m]))'},
    ),
    ("Payments by status", "short", {"{{status}}": "max by (status) (shopsite_payments)"}),
    ("Refunds by status", "short", {"{{status}}": "max by (status) (shopsite_refunds)"}),
    (
        "Webhooks",
        "ops",
        {
            "{{event}} {{end}}": "sum by (event, end) (rate(shopsite_payments_webhooks_total[5m]))",
            "waiting": "max(shopsite_payments_webhooks_waiting)",
        },
    ),
    ("Sold out", "short", {"sold out": "max(shopsite_products_out_of_stock)", "on sale": "max(shopsite_products)"}),
    ("Mails", "ops", {"{{outcome}}": "sum by (outcome) (rate(shopsite_emails_total[5m]))"}),
    (
        "Mails that wait",
        "short",
        {
            "waiting": "max(shopsite_emails_pending)",
            "oldest, seconds": "max(shopsite_emails_oldest_seconds)",
            "given up": "max(shopsite_emails_failed)",
        },
    ),
)


def of_service(service: str) -> Sequence[Panel]:
    """Return the panels of one service's two processes."""
    only = f'process=~"{service}-.*"'
    return (
        ("Requests", "reqps", {"{{route}}": f"sum by (route) (rate({_SECONDS}_count{{{only}}}[5m]))"}),
        ("Errors", "reqps", {"{{route}}": f'sum by (route) (rate({_SECONDS}_count{{{only},status=~"5.."}}[5m]))'}),
        (
            "One request in twenty takes longer",
            "s",
            {"{{route}}": f"histogram_quantile(0.95, sum by (route, le) (rate({_SECONDS}_bucket{{{only}}}[5m])))"},
        ),
        (
            "Under way, and refused",
            "short",
            {
                "under way": f"sum(shopsite_http_requests_under_way{{{only}}})",
                "refused a second": f"sum(rate(shopsite_http_requests_refused_total{{{only}}}[5m]))",
            },
        ),
        (
            "Database places",
            "short",
            {
                "{{process}}": f"sum by (process) (shopsite_db_places{{{only}}})",
                "{{process}} busy": f"sum by (process) (shopsite_db_places_busy{{{only}}})",
                "{{process}} waiting": f"sum by (process) (shopsite_db_places_waiting{{{only}}})",
            },
        ),
        ("Database retries", "ops", {"{{reason}}": f"sum by (reason) (rate(shopsite_db_retries_total{{{only}}}[5m]))"}),
        (
            "Calls to others",
            "ops",
            {
                "{{target}} {{outcome}}": "sum by (target, outcome) "
                f"(rate(shopsite_http_client_calls_total{{{only}}}[5m]))"
            },
        ),
        (
            "One call in twenty takes longer",
            "s",
            {
                "{{target}}": "histogram_quantile(0.95, sum by (target, le) "
                f"(rate(shopsite_http_client_seconds_bucket{{{only}}}[5m])))"
            },
        ),
        (
            "Events handled",
            "ops",
            {
                "{{handler}} {{outcome}}": "sum by (handler, outcome) "
                f"(rate(shopsite_events_handled_total{{{only}}}[5m]))",
            },
        ),
        (
            "Timers that fail",
            "ops",
            {"{{timer}}": f"sum by (timer) (rate(shopsite_timer_failures_total{{{only}}}[5m]))"},
        ),
        *_cache(service, only),
    )


def _cache(service: str, only: str) -> Iterator[Panel]:
    if service == "catalog":
        query = f"sum by (outcome) (rate(shopsite_cache_reads_total{{{only}}}[5m]))"
        yield "Cached answers", "ops", {"{{outcome}}": query}


def dashboard(name: str, title: str, panels: Sequence[Panel]) -> dict[str, Any]:
    """Return one dashboard in Grafana's form."""
    return {
        "uid": f"shopsite-{name}",
        "title": title,
        "tags": ["shopsite"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    title, unit, queries = panel
    row, column = divmod(number, _COLUMNS)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": _SOURCE,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + index), "datasource": _SOURCE, "expr": expression, "legendFormat": legend}
            for index, (legend, expression) in enumerate(queries.items())
        ],
    }


def everything() -> dict[str, str]:
    """Return the content of each file by its name."""
    made = {
        "overview": dashboard("overview", "Overview", OVERVIEW),
        "messaging": dashboard("messaging", "Messaging", MESSAGING),
        "business": dashboard("business", "Business", BUSINESS),
        **{name: dashboard(name, f"Service: {name}", of_service(name)) for name in SERVICES},
    }
    return {f"{name}.json": json.dumps(content, indent=1) + "\n" for name, content in made.items()}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, content in everything().items():
        (FOLDER / file).write_text(content, encoding="utf-8")
