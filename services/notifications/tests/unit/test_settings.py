import pytest

from shopsite_notifications.settings import Settings


@pytest.mark.parametrize(
    ("port", "use_tls", "implicit", "encrypted"),
    [
        (587, None, False, True),
        (465, None, True, True),
        (1025, None, False, False),
        (1025, True, False, True),
        (587, False, False, False),
        (465, False, False, False),
    ],
)
def test_encryption_follows_the_setting_and_else_the_port(port, use_tls, implicit, encrypted):
    settings = Settings(email_port=port, email_use_tls=use_tls)
    assert (settings.implicit_tls, settings.encrypted) == (implicit, encrypted)


@pytest.mark.parametrize("value", ["Shop", "Shop <nobody>", "", "Shop <a@>"])
def test_a_sender_without_an_address_is_refused_at_the_start(value):
    with pytest.raises(ValueError, match="EMAIL_FROM"):
        Settings(email_from=value)


def test_the_sender_has_the_shops_name_where_the_setting_gives_none():
    assert str(Settings(email_from="no-reply@shop.example", shop_name="Kola").sender) == "Kola <no-reply@shop.example>"


def test_links_lead_to_the_public_address_and_else_to_the_local_gateway(monkeypatch):
    monkeypatch.delenv("PUBLIC_URL", raising=False)
    monkeypatch.setenv("SHOPSITE_URL", "http://localhost:9000")
    assert Settings().link_origin == "http://localhost:9000"
    assert Settings(public_url="https://shop.example/").link_origin == "https://shop.example"


def test_a_colour_that_is_none_is_refused():
    with pytest.raises(ValueError, match="shop_colour"):
        Settings(shop_colour="red; } body { display: none")
