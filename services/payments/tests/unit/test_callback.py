import base64
import hashlib
from uuid import UUID

import pytest

from shopsite_payments.api import callback_page
from shopsite_payments.api.callback import _prefers_html, _return_url
from shopsite_payments.domain.payments import PaymentStatus
from shopsite_payments.service.settlement import Standing


def a_standing(reference="ref-1", status=PaymentStatus.SUCCEEDED):
    return Standing(reference=reference, order_id=UUID(int=1), status=status, settled=True)


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html", True),
        ("text/*", True),
        ("*/*", False),
        ("", False),
        ("application/json", False),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0.4, application/json;q=0.5", False),
        ("text/html;q=nonsense", False),
        ("application/json;q=0.1, text/html; q=0.2", True),
        ("text/html;q=0, */*", False),
    ],
)
def test_a_page_only_where_accept_prefers_one(accept, html):
    assert _prefers_html(accept) is html


def test_the_shops_page_keeps_its_own_query():
    url = _return_url("https://shop.example.com/paid?lang=en#top", a_standing())
    assert url == "https://shop.example.com/paid?lang=en&reference=ref-1&status=SUCCEEDED#top"


@pytest.mark.parametrize("status", list(PaymentStatus))
def test_the_page_has_words_for_every_state_and_a_script_of_its_own_only_while_it_waits(status):
    page = callback_page.render(status, reference='"><script>alert(1)</script>', shop="A & B")
    assert page.count("<script") == (1 if status is PaymentStatus.INITIALIZED else 0)
    assert "A &amp; B" in page
    assert "&quot;&gt;&lt;script&gt;" in page


def test_no_script_or_style_but_the_pages_own_is_let_in():
    page = callback_page.render(PaymentStatus.INITIALIZED, reference="ref-1", shop="Shop")
    for tag in ("script", "style"):
        own = page.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
        digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in callback_page.HEADERS["Content-Security-Policy"]
