"""How the dashboard's pages are made of templates: what figures, times and names of states look like."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape

_POLICY = (
    "default-src 'self'; img-src 'self' blob:{pictures}; object-src 'none'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_TONES = {
    "good": {"PROCESSING", "COMPLETED", "SUCCEEDED", "SENT", "PROCESSED", "ok", "active", "approved"},
    "busy": {"CREATED", "PENDING", "SHIPPED", "INITIALIZED", "REFUNDING", "replaying", "degraded", "staff"},
    "bad": {"FAILED", "HELD", "NEEDS_ATTENTION", "unavailable", "waiting"},
}


def render(template: str, *, status: int = 200, pictures: Iterable[str] = (), **values: Any) -> HTMLResponse:
    """Return the answer with a page of the dashboard.

    Args:
        template: a file of ``templates/admin``.
        status: the HTTP status.
        pictures: URLs of product pictures; their origins are the only foreign ones a page may load from.
        values: what the template shows.
    """
    origins = {f" {parts.scheme}://{parts.netloc}" for parts in map(urlsplit, pictures) if parts.netloc}
    policy = _POLICY.format(pictures="".join(sorted(origins)))
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return HTMLResponse(_templates.get_template(template).render(**values), status, headers)


def money(amount: str, currency: str = "") -> str:
    """Return an amount for people: ``NGN 1,999.50``."""
    return f"{currency} {Decimal(amount):,.2f}".strip()


def moment(at: str | None) -> Markup:
    """Return a time of the API for people, in UTC."""
    if at is None:
        return Markup('<span class="quiet">never</span>')
    shown = datetime.fromisoformat(at).astimezone(UTC).strftime("%-d %b %Y, %H:%M")
    return Markup('<time datetime="{}">{}</time>').format(at, shown)


def badge(state: str) -> Markup:
    """Return a state as a word in its colour."""
    tone = next((tone for tone, states in _TONES.items() if state in states), "quiet")
    return Markup('<span class="badge {}">{}</span>').format(tone, words(state))


def words(code: str) -> Markup:
    """Return a code of the API as words: ``NEEDS_ATTENTION`` is ``Needs attention``."""
    return escape(code.replace("_", " ").replace(".", " ").capitalize())


_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent.parent / "templates" / "admin"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(money=money, moment=moment, badge=badge, words=words)
