"""The command that makes the services' own keys."""

import stat

import pytest

from shopsite_common import service_keys
from shopsite_common.service_tokens import ServiceSigner, ServiceVerifier


def test_it_makes_keys_that_count_and_that_their_owner_alone_can_read(tmp_path, capsys):
    assert service_keys.main([str(tmp_path), "orders", "cart"]) == 0
    token = ServiceSigner("orders", tmp_path / "orders" / "service.pem").token_for("catalog")
    verifier = ServiceVerifier("catalog", tmp_path / "public")
    assert verifier.verify(token, allowed=frozenset({"orders"})) == "orders"
    assert stat.S_IMODE((tmp_path / "cart" / "service.pem").stat().st_mode) == 0o600
    assert capsys.readouterr().out == "made the key of orders\nmade the key of cart\n"


def test_it_keeps_what_is_there_and_makes_what_is_missing(tmp_path, capsys):
    service_keys.main([str(tmp_path), "orders"])
    before = (tmp_path / "orders" / "service.pem").read_bytes()
    capsys.readouterr()
    service_keys.main([str(tmp_path), "orders", "cart"])
    assert (tmp_path / "orders" / "service.pem").read_bytes() == before
    assert capsys.readouterr().out == "made the key of cart\n"


def test_it_says_how_it_is_used():
    with pytest.raises(SystemExit, match="FOLDER NAME"):
        service_keys.main(["only-a-folder"])
