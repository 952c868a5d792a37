from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopsite_catalog.domain.conditions import matches, matches_weakly
from shopsite_catalog.domain.listing import read_query
from shopsite_catalog.domain.naming import name_key, other_slug_of, slug_of
from shopsite_catalog.domain.reservation import Change, Status, check_offer, merged, next_status
from shopsite_catalog.domain.stock import MAX_STOCK, changed_level, has_fallen
from shopsite_catalog.errors import OutOfStock, StockOutOfRange, TotalChanged
from shopsite_common.errors import NotFound, ValidationFailed

A, B = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("status", "change", "after"),
    [
        (Status.HELD, Change.ORDERED, Status.ORDERED),
        (Status.HELD, Change.PAID, Status.SOLD),
        (Status.ORDERED, Change.PAID, Status.SOLD),
        (Status.HELD, Change.EXPIRED, Status.RELEASED),
        (Status.HELD, Change.GIVEN_BACK, Status.RELEASED),
        (Status.SOLD, Change.CANCELLED, Status.RELEASED),
        (Status.SOLD, Change.RESTOCKED, Status.RELEASED),
        (Status.ORDERED, Change.EXPIRED, None),
        (Status.ORDERED, Change.GIVEN_BACK, None),
        (Status.SOLD, Change.ORDERED, None),
        (Status.SOLD, Change.PAID, None),
    ],
)
def test_a_reservation_moves_only_forward(status, change, after):
    assert next_status(status, change) == after


@given(st.lists(st.sampled_from(list(Change))))
def test_stock_is_released_at_most_once_whatever_happens(changes):
    status, releases = Status.HELD, 0
    for change in changes:
        after = next_status(status, change)
        releases += after is Status.RELEASED
        status = after or status
    assert releases <= 1


def test_lines_of_one_product_are_merged_in_the_order_of_ids():
    assert list(merged([(B, 1), (A, 2), (B, 3)]).items()) == [(A, 2), (B, 4)]


def test_an_offer_is_refused_for_its_price_before_its_stock():
    offer = {"prices": {A: Decimal(5)}, "levels": {A: 1}}

    check_offer({A: 1}, **offer, expected_total=Decimal("5.00"))
    check_offer({A: 1}, **offer, expected_total=None)
    with pytest.raises(TotalChanged) as changed:
        check_offer({A: 2}, **offer, expected_total=Decimal(9))
    with pytest.raises(OutOfStock) as short:
        check_offer({A: 2, B: 1}, **offer, expected_total=Decimal(9))

    assert changed.value.details == {"total": "10.00"}
    assert short.value.details == {str(A): {"available": 1}, str(B): {"available": 0}}


def test_a_level_stays_within_what_can_be_counted():
    assert changed_level(3, -3) == 0
    for level, delta in ((3, -4), (MAX_STOCK, 1)):
        with pytest.raises(StockOutOfRange):
            changed_level(level, delta)


def test_a_fall_is_told_once():
    levels = [9, 6, 5, 4, 5, 6, 5, 0]
    falls = [has_fallen(before, after, 5) for before, after in pairwise(levels)]
    assert falls == [False, True, False, False, False, True, False]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Home & Kitchen", "home-kitchen"),
        ("  Audio/TV_2 ", "audio-tv-2"),
        ("Ẹ̀rọ", "ẹ-rọ"),
        ("家具", "家具"),
    ],
)
def test_slugs(name, slug):
    assert slug_of(name) == slug


def test_a_second_slug_belongs_to_its_name_alone():
    assert other_slug_of("A & B") == other_slug_of(" a &  B ") != other_slug_of("A B")
    assert name_key("\uff21\uff22  c") == "ab c"
    with pytest.raises(ValidationFailed):
        slug_of(" & ")


@pytest.mark.parametrize(
    ("header", "strong", "weak"),
    [('"a"', True, True), ('"b", "a"', True, True), ("*", True, True), ('W/"a"', False, True), ('"b"', False, False)],
)
def test_entity_tags(header, strong, weak):
    assert (matches(header, '"a"'), matches_weakly(header, '"a"')) == (strong, weak)


def test_the_same_question_in_another_order_is_the_same():
    one = read_query([("tags", "b"), ("tags", "a"), ("page", "1"), ("price", "1"), ("utm", "x")])
    two = read_query([("price", "1"), ("tags", "a"), ("tags", "b"), ("tags", "a")])

    assert one == two
    assert one.pairs == (("price", "1"), ("tags", "a"), ("tags", "b"))


@given(
    st.lists(st.tuples(st.sampled_from(["price", "page", "page_size", "tags", "search", "ordering", "x"]), st.text()))
)
def test_any_query_string_is_read_or_refused(pairs):
    try:
        query = read_query(pairs)
    except (ValidationFailed, NotFound):
        return
    assert query.page >= 1
    assert 1 <= query.size <= 100


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(ValidationFailed) as error:
        read_query([("price", "x"), ("is_featured", "x"), ("page_size", "0"), *(("tags", str(n)) for n in range(21))])
    assert set(error.value.details) == {"price", "is_featured", "page_size", "tags"}
