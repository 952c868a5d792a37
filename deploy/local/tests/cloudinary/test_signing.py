"""Signatures, beside what the SDK was seen to sign."""

import pytest

from shopsite_local.cloudinary import signing


def test_the_signed_string_is_sorted_escaped_and_leaves_out_what_is_not_signed():
    fields = {
        "public_id": "prod&1",
        "folder": "products",
        "overwrite": "1",
        "tags": "a,b",
        "context": "alt=x\\=y",
        "timestamp": "1795429662",
        "eager": "",
        "api_key": "key",
        "signature": "any",
    }
    expected = "context=alt=x\\=y&folder=products&overwrite=1&public_id=prod%261&tags=a,b&timestamp=1795429662"
    assert signing.string_to_sign(fields) == expected


@pytest.mark.parametrize("fields", [{}, {"api_key": "key"}, {"api_key": "key", "signature": "0" * 40}])
def test_what_is_unsigned_is_refused(fields):
    with pytest.raises(signing.Unauthorized):
        signing.check(fields, key="key", secret="secret", now=0)


def test_a_time_has_to_be_there():
    signature = signing.sign("public_id=x", "secret")
    fields = {"api_key": "key", "public_id": "x", "signature": signature}
    with pytest.raises(signing.Unauthorized, match="timestamp"):
        signing.check(fields, key="key", secret="secret", now=0)
