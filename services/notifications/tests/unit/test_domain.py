from datetime import UTC, datetime, timedelta

import pytest

from shopsite_notifications.domain import (
    KINDS,
    MAX_SUBJECT,
    clean,
    has_failed,
    one_line,
    pause_after,
    subject_of,
    without_addresses,
)

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
DEADLINE = timedelta(hours=72)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada", "Ada"),
        ("Ada\r\nBcc: all@example.com", "Ada Bcc: all@example.com"),
        ("a\u2028b\u2029c\x85d\x0be\x00f", "a b c d e f"),
        ("  much \t room ", "much room"),
        ("Ọlá Ọ̀ṣun 🛍️", "Ọlá Ọ̀ṣun 🛍️"),
        ("\u202etxt.exe", "txt.exe"),
        ("👩\u200d🌾", "👩\u200d🌾"),
        ("half \ud800 of a pair", "half of a pair"),
    ],
)
def test_a_text_becomes_one_visible_line(text, expected):
    assert one_line(text) == expected


def test_every_text_of_nested_data_is_cleaned_and_nothing_else_changes():
    data = {"items": [{"name": "Jug\nX: y", "quantity": 2}], "paid": False, "channel": None}
    assert clean(data) == {"items": [{"name": "Jug X: y", "quantity": 2}], "paid": False, "channel": None}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_subject_of_one_line_without_facts_too(kind):
    subject = subject_of(kind, {})
    assert subject
    assert one_line(subject) == subject


def test_a_product_name_cannot_break_out_of_the_subject():
    subject = subject_of("low_stock", {"name": "Jug\r\nBcc: eve@example.com", "stock": 2})
    assert subject == "Low stock: Jug Bcc: eve@example.com (2 left)"


def test_a_long_subject_is_cut():
    subject = subject_of("low_stock", {"name": "x" * 255, "stock": 2})
    assert len(subject) == MAX_SUBJECT
    assert subject.endswith("…")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("amount_mismatch", "amount differs"),
        ("disputed", "disputed"),
        ("external_refund", "outside"),
        ("refund_failed", "failed"),
        ("one that comes later", "held"),
    ],
)
def test_the_alert_about_a_payment_says_what_is_the_matter(reason, words):
    assert words in subject_of("payment_held", {"reason": reason})


def test_pauses_double_and_end_at_a_quarter_of_an_hour():
    pauses = [pause_after(n).total_seconds() for n in range(1, 11)]
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert pause_after(10_000) == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("age", "permanent", "failed"),
    [
        (timedelta(0), True, True),
        (DEADLINE - timedelta(seconds=1), False, False),
        (DEADLINE, False, True),
    ],
)
def test_a_mail_fails_for_good_or_at_its_deadline(age, permanent, failed):
    assert has_failed(queued_at=NOW - age, now=NOW, deadline=DEADLINE, permanent=permanent) is failed


def test_a_servers_answer_is_kept_without_the_address_in_it():
    answer = "550 5.1.1 <ada.lovelace+shop@mail.example.com>: unknown\r\nada@example.com is no user here"
    kept = without_addresses(answer)
    assert "ada" not in kept
    assert kept.startswith("550 5.1.1 <<address>>: unknown <address> is no user")
    assert len(without_addresses("x" * 1000)) == 300
