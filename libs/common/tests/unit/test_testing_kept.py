from contextlib import ExitStack, contextmanager

from shopsite_common.testing.plugin import Kept


def test_each_service_gets_its_own_thing_once_and_all_go_at_the_end():
    opened, closed = [], []

    @contextmanager
    def make(name):
        opened.append(name)
        yield f"url of {name}"
        closed.append(name)

    with ExitStack() as stack:
        kept = Kept(stack)
        found = [kept.get("database", name, lambda name=name: make(name)) for name in ("cart", "orders", "cart")]
        assert found == ["url of cart", "url of orders", "url of cart"]
        assert (opened, closed) == (["cart", "orders"], [])
    assert closed == ["orders", "cart"]
