import html
import re

import pytest

from shopsite_notifications.domain import KINDS, subject_of
from shopsite_notifications.service import Renderer
from shopsite_notifications.service.samples import SAMPLES


@pytest.fixture(scope="module")
def renderer():
    return Renderer(
        shop_name="Kola & Sons",
        colour="#aa3300",
        origin="https://shop.example",
        order_page_path="/orders/{order_id}",
    )


def render(renderer, kind, **changes):
    context = {**SAMPLES[kind], **changes}
    subject = subject_of(kind, context)
    return renderer.render(
        kind, subject=subject, context=context, first_name="Ada", link="https://shop.example/r?t=1&u=2"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_both_bodies_finished(renderer, kind):
    content = render(renderer, kind)
    assert content.html.startswith("<!DOCTYPE html>")
    for leftover in ("{{", "{%", "[[", "[%", "<!--tag"):
        assert leftover not in content.html
        assert leftover not in content.text
    assert not re.search(r"\btag\d+z\b", content.html)
    assert "Hello Ada," in content.text
    assert "Kola & Sons" in content.text
    assert "Kola &amp; Sons" in content.html
    assert "\n\n\n" not in content.text


@pytest.mark.parametrize("kind", KINDS)
def test_styles_are_in_the_tags_and_dark_mode_in_the_head(renderer, kind):
    page = render(renderer, kind).html
    assert 'style="margin:0; padding:0; background-color:#f2f4f7"' in page
    assert "prefers-color-scheme: dark" in page
    assert page.count("<style") == 1
    assert "#a30" in page or "#aa3300" in page


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_wider_than_a_reader_shows(renderer, kind):
    content = render(renderer, kind)
    # Outlook alone, which knows no greatest width, gets the fixed one
    everywhere = re.sub(r"<!--\[if mso\]>.*?<!\[endif\]-->", "", content.html)
    assert 'width="600"' in content.html
    assert 'width="600"' not in everywhere
    long_lines = [line for line in content.text.splitlines() if len(line) > 80 and "://" not in line]
    assert long_lines == []


@pytest.mark.parametrize("kind", ["welcome", "password_reset", "low_stock", "payment_held"])
def test_a_button_keeps_its_size_and_colour_in_outlook(renderer, kind):
    page = render(renderer, kind).html
    assert re.search(r'<td class="button"[^>]* bgcolor="#aa3300"[^>]*><a href="https://', page)


def test_an_alert_leads_to_what_it_is_about(renderer):
    stock, held = render(renderer, "low_stock"), render(renderer, "payment_held")
    product = f"https://shop.example/admin/products/{SAMPLES['low_stock']['product_id']}/"
    order = f"https://shop.example/admin/orders/{SAMPLES['payment_held']['order_id']}/"
    assert product in stock.html
    assert product in stock.text
    assert order in held.html
    assert order in held.text


@pytest.mark.parametrize("kind", ["order_confirmation", "payment_confirmation", "shipping", "cancellation"])
def test_the_order_table_has_every_line_and_the_total_with_its_currency(renderer, kind):
    content = render(renderer, kind)
    for body in (content.text, html.unescape(content.html)):
        for part in ("Clay water jug", "NGN 12,500.00", "NGN 25,000.00", "NGN 41,500.00", "SO-10042"):
            assert part in body


def test_a_product_name_is_text_and_never_markup(renderer):
    items = [{"name": "<script>alert(1)</script>", "unit_price": "1.00", "quantity": 1, "subtotal": "1.00"}]
    content = render(renderer, "order_confirmation", items=items)
    assert "<script" not in content.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in content.html


def test_a_name_cannot_start_a_line_of_its_own_in_the_plain_text(renderer):
    content = renderer.render("welcome", subject="x", context={}, first_name="Ada\n\nYour account is blocked")
    assert content.text.startswith("Hello Ada Your account is blocked,\n")


def test_a_name_that_looks_like_a_template_is_only_a_name(renderer):
    content = renderer.render("welcome", subject="x", context={}, first_name="{{ 7 * 7 }} tag3z <!--tag1-->")
    assert "Hello {{ 7 * 7 }} tag3z <!--tag1-->," in content.text
    assert "{{ 7 * 7 }} tag3z &lt;!--tag1--&gt;" in content.html


def test_without_a_name_the_mail_still_greets(renderer):
    content = renderer.render("welcome", subject="x", context={}, first_name="")
    assert content.text.startswith("Hello,\n")
    assert ">Hello,<" in content.html


def test_the_reset_link_is_in_both_bodies(renderer):
    content = render(renderer, "password_reset")
    assert "https://shop.example/r?t=1&u=2" in content.text
    assert 'href="https://shop.example/r?t=1&amp;u=2"' in content.html


def test_the_order_page_is_linked_only_where_the_shop_has_one(renderer):
    plain = Renderer(shop_name="S", colour="#000000", origin="https://shop.example")
    url = f"https://shop.example/orders/{SAMPLES['shipping']['order_id']}"
    assert url in render(renderer, "shipping").html
    assert url in render(renderer, "shipping").text
    assert "/orders/" not in render(plain, "shipping").html + render(plain, "shipping").text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": "unpaid", "paid": False}, ["not paid in time", "Nothing was charged"]),
        ({"reason": "customer", "paid": True}, ["You asked us", "on its way back"]),
        ({"reason": "admin", "paid": True}, ["The shop cancelled it"]),
        ({"reason": "payment_held", "paid": True}, ["did not match"]),
        ({"reason": "account_deleted", "paid": False}, ["was deleted"]),
    ],
)
def test_a_cancellation_says_why_and_where_the_money_is(renderer, changes, words):
    text = render(renderer, "cancellation", **changes).text
    assert all(word in text for word in words)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": "order_cancelled"}, "The order was cancelled."),
        ({"reason": "late_payment"}, "after the order had ended"),
        ({"reason": "duplicate_payment"}, "paid twice"),
        ({"reason": "admin", "full": False}, "a part of what you paid"),
        ({"reason": "admin", "full": True, "number": ""}, "We have refunded NGN 41,500.00."),
    ],
)
def test_a_refund_says_what_it_is_for(renderer, changes, words):
    assert words in render(renderer, "refund", **changes).text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Arrived: NGN 4,150.00"),
        ({"reason": "disputed", "held_until": None}, "disputes this payment"),
        ({"reason": "external_refund"}, "own dashboard"),
        ({"reason": "refund_failed", "status": "FAILED", "paid_amount": None}, "refused a refund"),
        ({"reason": "refund_failed", "status": "NEEDS_ATTENTION", "paid_amount": None}, "bank details"),
        ({"number": ""}, "Order: 0193a1c2-2222"),
    ],
)
def test_an_alert_about_a_payment_tells_the_admin_what_to_decide(renderer, changes, words):
    assert words in render(renderer, "payment_held", **changes).text


def test_a_shipment_without_tracking_says_nothing_about_it(renderer):
    text = render(renderer, "shipping", tracking_number=None, carrier=None).text
    assert "Tracking" not in text
    assert "Carrier" not in text
