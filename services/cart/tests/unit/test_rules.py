from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shopsite_cart.domain import Availability, Line, pieces_of, shortage, total_of
from shopsite_common.ids import uuid7

cents = st.integers(min_value=1, max_value=10_000_000_00)
lines = st.builds(
    Line,
    id=st.builds(uuid7),
    product_id=st.builds(uuid7),
    name=st.text(max_size=5),
    price=cents.map(lambda value: Decimal(value) / 100),
    image_url=st.none(),
    stock=st.integers(min_value=-5, max_value=1200),
    deleted=st.booleans(),
    quantity=st.integers(min_value=1, max_value=999),
)


@given(lines)
def test_a_line_is_gone_short_or_ok(line):
    expected = Availability.OK
    if line.deleted or line.stock <= 0:
        expected = Availability.GONE
    elif line.stock < line.quantity:
        expected = Availability.SHORT
    assert line.availability is expected
    assert line.is_in_stock is (expected is not Availability.GONE)


@given(st.lists(lines, max_size=20))
def test_a_total_is_exact_and_leaves_out_what_is_gone(content):
    expected = sum(int(line.price * 100) * line.quantity for line in content if line.availability != "gone")
    assert total_of(content) * 100 == expected
    assert pieces_of(content) == sum(line.quantity for line in content)


@given(st.integers(min_value=0, max_value=999), st.integers(min_value=-5, max_value=999))
def test_a_shortage_tells_what_there_is(wanted, stock):
    found = shortage(wanted, stock=stock)
    assert (found is None) is (wanted <= max(stock, 0))
    assert found in {None, max(stock, 0)}
