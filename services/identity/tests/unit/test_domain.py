"""Rules: addresses, dates of birth, passwords, admins, keys."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shopsite_identity.clients.passwords import common_passwords
from shopsite_identity.domain import (
    Person,
    Standing,
    check_admin_kept,
    checked_birth,
    ends_sessions,
    form_objections,
    may_sign,
    normalized_email,
    objections,
)
from shopsite_identity.errors import LastAdmin, OwnAccount

JOHN = Person("john.doe@example.com", "John", "Doe")
ADMIN, STAFF = Standing("admin", is_active=True), Standing("staff", is_active=True)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("user@example.com", "user@example.com"),
        ("User@EXAMPLE.com", "User@example.com"),
        ("admin@shopsite.example", "admin@shopsite.example"),
        ("a+b.c-d_e'f@sub.domain.test", "a+b.c-d_e'f@sub.domain.test"),
    ],
)
def test_an_address_keeps_its_local_part_and_lowers_its_domain(given, kept):
    assert normalized_email(given) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "user",
        "user@",
        "@example.com",
        "user@localhost",
        "a b@example.com",
        ".a@example.com",
        "a..b@example.com",
        "a.@example.com",
        "a@-example.com",
        "a@example-.com",
        "a@exa_mple.com",
        "a@example.com\n",
        "a@b@example.com",
        "ä@example.com",
        f"{'a' * 65}@example.com",
        f"a@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 63}.com",
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="valid e-mail"):
        normalized_email(text)


def test_nobody_is_born_tomorrow_or_before_1900():
    today = date(2026, 11, 24)
    assert checked_birth(today, today) == today
    for born in (date(2026, 11, 25), date(1899, 12, 31)):
        with pytest.raises(ValueError, match="between 1900 and today"):
            checked_birth(born, today)


def test_the_specifications_own_password_is_accepted():
    assert objections("securepassword123", JOHN, common_passwords()) == []


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short1!", "Password must be at least 8 characters."),
        ("4815162342", "Password must not consist of digits only."),
        ("٤٨١٥١٦٢٣٤٢", "Password must not consist of digits only."),
        ("password123", "Password is too common."),
        ("PassWord123", "Password is too common."),
        ("p@$$w0rd", "Password is too common."),
        ("1q2w3e4r5t", "Password is too common."),
        ("johndoe12", "Password is too similar to the e-mail address."),
        ("example.com1", "Password is too similar to the e-mail address."),
    ],
)
def test_a_password_is_refused_with_the_reason(password, sentence):
    assert sentence in objections(password, JOHN, common_passwords())


def test_a_password_like_a_name_is_refused():
    person = Person("x@example.com", "Wilhelmina", "Featherstone")
    assert objections("wilhelmina1", person, frozenset()) == ["Password is too similar to the first name."]
    assert objections("Featherstone9", person, frozenset()) == ["Password is too similar to the last name."]


def test_every_objection_is_told_at_once():
    assert form_objections("123") == [
        "Password must be at least 8 characters.",
        "Password must not consist of digits only.",
    ]


@pytest.mark.parametrize("password", ["correct horse battery staple" * 3, "пароль-для-магазина", "🦄🦄🦄🦄🦄🦄🦄🦄"])
def test_long_and_foreign_passwords_are_fine(password):
    assert objections(password, JOHN, common_passwords()) == []


def test_the_list_of_common_passwords_is_long_and_in_lower_case():
    found = common_passwords()
    assert len(found) >= 3000
    assert all(entry == entry.lower() for entry in found)


def test_an_admin_cannot_demote_or_deactivate_themself():
    for after in (STAFF, Standing("admin", is_active=False)):
        with pytest.raises(OwnAccount):
            check_admin_kept(before=ADMIN, after=after, own=True, other_admins=3)


def test_the_last_admin_stays():
    with pytest.raises(LastAdmin):
        check_admin_kept(before=ADMIN, after=STAFF, own=False, other_admins=0)


def test_one_of_two_admins_may_go():
    check_admin_kept(before=ADMIN, after=STAFF, own=False, other_admins=1)


def test_who_is_no_admin_may_always_change():
    check_admin_kept(before=STAFF, after=Standing("customer", is_active=False), own=False, other_admins=0)
    check_admin_kept(before=ADMIN, after=ADMIN, own=True, other_admins=0)


def test_another_role_or_state_ends_sessions():
    assert ends_sessions(ADMIN, STAFF)
    assert ends_sessions(STAFF, Standing("staff", is_active=False))
    assert not ends_sessions(STAFF, STAFF)


def test_a_key_signs_once_every_verifier_knows_it():
    published = datetime(2026, 11, 24, tzinfo=UTC)
    assert not may_sign(published, published + timedelta(minutes=9, seconds=59))
    assert may_sign(published, published + timedelta(minutes=10))
