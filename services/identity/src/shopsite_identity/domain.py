"""Identity's rules: addresses, passwords, who may be changed, when a key may sign. No I/O, no clock."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import SequenceMatcher

from shopsite_identity.errors import LastAdmin, OwnAccount

MAX_EMAIL = 254
MIN_PASSWORD = 8
MAX_PASSWORD = 256
_MAX_LOCAL_PART = 64
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# special-use domains such as shopsite.example are addresses like any other: whether mail arrives is found out by mail
_EMAIL = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+{_LABEL})")
_EARLIEST_BIRTH = date(1900, 1, 1)

_TOO_LIKE = 0.7
_WORTH_COMPARING = 3
_LEET = str.maketrans("013457@$!", "oleastasi")

KEY_SETTLES_AFTER = timedelta(minutes=10)
"""Verifiers ask for the key set every five minutes: a key published for ten is known to all."""


def normalized_email(text: str) -> str:
    """Return the address with its domain in lower case.

    Raises:
        ValueError: it is none.
    """
    match = _EMAIL.fullmatch(text)
    if match is None or len(text) > MAX_EMAIL or len(match[1]) > _MAX_LOCAL_PART:
        raise ValueError("Enter a valid e-mail address.")
    return f"{match[1]}@{match[2].lower()}"


def checked_birth(born: date, today: date) -> date:
    """Return the date of birth.

    Raises:
        ValueError: nobody alive was born then.
    """
    if not _EARLIEST_BIRTH <= born <= today:
        raise ValueError("Enter a date of birth between 1900 and today.")
    return born


@dataclass(frozen=True)
class Person:
    """What a password must not be like."""

    email: str = ""
    first_name: str = ""
    last_name: str = ""

    def traits(self) -> Iterator[tuple[str, str]]:
        """Give each name and address with what it is called, whole and in parts."""
        for label, value in (
            ("e-mail address", self.email),
            ("first name", self.first_name),
            ("last name", self.last_name),
        ):
            lowered = value.lower()
            for part in {lowered, lowered.partition("@")[0], *re.split(r"\W+", lowered)}:
                if len(part) >= _WORTH_COMPARING:
                    yield label, part


def objections(password: str, person: Person, common: Collection[str]) -> list[str]:
    """Return why a password is refused, a sentence each; none if it is fine.

    The four rules are those of Django's validators: length, not only digits, not a common one, not like the person.

    Args:
        common: common passwords in lower case.
    """
    lowered = password.lower()
    found = form_objections(password)
    if lowered in common or lowered.translate(_LEET) in common:
        found.append("Password is too common.")
    return [*found, *_likenesses(lowered, person)]


def form_objections(password: str) -> list[str]:
    """Return the objections that the password's form alone gives rise to."""
    found = []
    if len(password) < MIN_PASSWORD:
        found.append(f"Password must be at least {MIN_PASSWORD} characters.")
    if password.isdigit():
        found.append("Password must not consist of digits only.")
    return found


def _likenesses(password: str, person: Person) -> list[str]:
    labels = {label: None for label, part in person.traits() if _alike(password, part)}  # a dict keeps the order
    return [f"Password is too similar to the {label}." for label in labels]


def _alike(password: str, trait: str) -> bool:
    # what is far longer than the trait can't be like it, and comparing would only take time
    if len(password) >= 10 * len(trait):
        return False
    return SequenceMatcher(a=password, b=trait).quick_ratio() >= _TOO_LIKE


@dataclass(frozen=True)
class Standing:
    """What an account may do: the part that decides about sessions and admins."""

    role: str
    is_active: bool

    @property
    def administers(self) -> bool:
        """An active admin."""
        return self.role == "admin" and self.is_active


def check_admin_kept(*, before: Standing, after: Standing, own: bool, other_admins: int) -> None:
    """Refuse to take an admin from the shop who must stay.

    Args:
        own: whether admins would do it to themself.
        other_admins: how many active admins there are beside this account.

    Raises:
        OwnAccount, LastAdmin
    """
    if not before.administers or after.administers:
        return
    if own:
        raise OwnAccount
    if other_admins == 0:
        raise LastAdmin


def ends_sessions(before: Standing, after: Standing) -> bool:
    """Tell whether whoever is signed in must sign in anew: the role or the state is another one."""
    return before != after


def may_sign(published_at: datetime, now: datetime) -> bool:
    """Tell whether a published key is known to every verifier by now."""
    return now - published_at >= KEY_SETTLES_AFTER
