"""Transactions: begun by the shop, then paid, declined or left by the customer."""

import json
import secrets
import string
from collections.abc import Mapping
from typing import Any

from shopsite_local.paystack import bodies, domain, errors, repository, webhooks
from shopsite_local.paystack.models import Transaction
from shopsite_local.paystack.simulator import Simulator
from shopsite_local.paystack.store import unit

ALPHABET = string.ascii_lowercase + string.digits
UNTOUCHED = "The transaction was not completed"
SESSION_TIMEOUT = "payment_session_timeout"


def _code(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def begin(simulator: Simulator, body: Mapping[str, Any], *, ip_address: str | None) -> Transaction:
    """Begins a transaction from the body of an initialize; raises `errors.Refused`."""
    wanted = domain.wanted(body, currencies=simulator.options.currencies)
    reference = wanted.reference or _code(10)
    with unit(simulator.db):
        if repository.find_transaction(simulator.db, reference=reference):
            raise errors.duplicate_reference()
        row = _row(wanted, reference, now=simulator.now(), ip_address=ip_address)
        row_id = repository.insert(simulator.db, "transactions", row)
    return get_by_id(simulator, row_id)


def _row(wanted: domain.Wanted, reference: str, *, now: float, ip_address: str | None) -> dict[str, Any]:
    return {
        "reference": reference,
        "access_code": _code(15),
        "email": wanted.email,
        "amount": wanted.amount,
        "currency": wanted.currency,
        "callback_url": wanted.callback_url,
        "channels": wanted.channels,
        "metadata": _parsed(wanted.metadata),
        "status": "abandoned",
        "gateway_response": UNTOUCHED,
        "ip_address": ip_address,
        "history": [],
        "created_at": now,
    }


def _parsed(metadata: Any) -> Any:
    """Metadata may come as an object or as one in a string; what is no JSON stays the string it is."""
    if not isinstance(metadata, str) or not metadata:
        return metadata
    try:
        return json.loads(metadata)
    except ValueError:
        return metadata


def get(simulator: Simulator, key: str) -> Transaction:
    """Returns a transaction by its reference or id; raises `errors.Refused`."""
    found = repository.find_transaction(simulator.db, reference=key)
    if not found and domain.is_number(key):
        found = repository.find_transaction(simulator.db, id=int(key))
    if not found:
        raise errors.unknown_transaction()
    return found


def get_by_id(simulator: Simulator, row_id: int) -> Transaction:
    """Returns a transaction by its number; raises `errors.Refused`."""
    found = repository.find_transaction(simulator.db, id=row_id)
    if not found:
        raise errors.unknown_transaction()
    return found


def reload(simulator: Simulator, transaction: Transaction) -> Transaction:
    """Returns the transaction as it stands now."""
    return get_by_id(simulator, transaction.id)


def is_expired(simulator: Simulator, transaction: Transaction) -> bool:
    """Whether the page can't be paid any more: only where the integration has set a time for it."""
    seconds = repository.get_integration(simulator.db, SESSION_TIMEOUT)
    return bool(seconds) and not transaction.is_paid and simulator.now() > transaction.created_at + seconds


def pay(simulator: Simulator, transaction: Transaction, *, channel: str, card: str | None = None) -> Transaction:
    """Takes the money once and announces `charge.success`; a transaction already paid stays as it is."""
    with unit(simulator.db):
        current = reload(simulator, transaction)
        if current.is_paid:
            return current
        repository.update(simulator.db, "transactions", current.id, **_paid(simulator, current, channel, card))
        paid = reload(simulator, current)
        data = bodies.transaction_data(paid, simulator.behaviour(paid.reference))
        # Documents show `plan` as an empty object in the event and as null in verify.
        webhooks.announce(simulator, "charge.success", paid.reference, {**data, "plan": {}})
    return paid


def _paid(simulator: Simulator, transaction: Transaction, channel: str, card: str | None) -> dict[str, Any]:
    behaviour = simulator.behaviour(transaction.reference)
    override = behaviour.amount_override
    return {
        "status": "success",
        "paid_amount": transaction.amount if override is None else override,
        "paid_currency": behaviour.currency_override or transaction.currency,
        "paid_at": simulator.now(),
        "channel": channel,
        "card": card or (domain.DEFAULT_CARD.number if channel == "card" else None),
        "challenge": None,
        "gateway_response": "Successful",
        "history": _story(simulator, transaction, channel, ("success", f"Successfully paid with {channel}")),
    }


def decline(
    simulator: Simulator, transaction: Transaction, *, channel: str, reason: str = "Declined", card: str | None = None
) -> Transaction:
    """Marks a try as failed; no event goes out, and the page may still be paid."""
    history = _story(simulator, transaction, channel, ("error", f"Error: {reason}"))
    changes = {"channel": channel, "card": card, "gateway_response": reason, "history": history}
    return _leave(simulator, transaction, "failed", changes)


def abandon(simulator: Simulator, transaction: Transaction) -> Transaction:
    """Marks the page as left; no event goes out, and the page may still be paid."""
    history = [*transaction.history, _step(simulator, transaction, "close", "Page closed")]
    return _leave(simulator, transaction, "abandoned", {"gateway_response": UNTOUCHED, "history": history})


def challenge(simulator: Simulator, transaction: Transaction, *, kind: str, card: str) -> Transaction:
    """Asks the customer for the card's PIN or a one-time code; meanwhile the transaction is ongoing."""
    history = [*transaction.history, _step(simulator, transaction, "auth", f"Authentication Required: {kind}")]
    changes = {"channel": "card", "card": card, "challenge": kind, "gateway_response": UNTOUCHED, "history": history}
    return _leave(simulator, transaction, "ongoing", changes)


def _leave(simulator: Simulator, transaction: Transaction, status: str, changes: Mapping[str, Any]) -> Transaction:
    with unit(simulator.db):
        if not reload(simulator, transaction).is_paid:
            values = {"challenge": None, **changes, "status": status}
            repository.update(simulator.db, "transactions", transaction.id, **values)
    return reload(simulator, transaction)


def _story(simulator: Simulator, transaction: Transaction, channel: str, end: tuple[str, str]) -> list[dict[str, Any]]:
    begun = _step(simulator, transaction, "action", f"Attempted to pay with {channel}")
    return [*transaction.history, begun, _step(simulator, transaction, *end)]


def _step(simulator: Simulator, transaction: Transaction, kind: str, message: str) -> dict[str, Any]:
    return {"type": kind, "message": message, "time": int(simulator.now() - transaction.created_at)}


def try_card(simulator: Simulator, transaction: Transaction, *, number: str, cvv: str) -> Transaction:
    """Does what the test card of this number does; any other card and a wrong CVV are declined."""
    card = domain.CARDS.get(number)
    if not card or card.cvv != cvv:
        return decline(simulator, transaction, channel="card", card=number if card else None)
    if card.decline:
        return decline(simulator, transaction, channel="card", reason=card.decline, card=number)
    if card.pin:
        return challenge(simulator, transaction, kind="pin", card=number)
    return pay(simulator, transaction, channel="card", card=number)


def answer_challenge(simulator: Simulator, transaction: Transaction, answer: str) -> Transaction:
    """Checks the PIN, then the one-time code; a wrong one is a declined try."""
    card = domain.CARDS.get(transaction.card or "", domain.DEFAULT_CARD)
    if transaction.challenge == "pin" and answer == card.pin:
        return challenge(simulator, transaction, kind="otp", card=card.number)
    if transaction.challenge == "otp" and answer == card.otp:
        return pay(simulator, transaction, channel="card", card=card.number)
    reason = f"Incorrect {(transaction.challenge or 'PIN').upper()}"
    return decline(simulator, transaction, channel="card", reason=reason, card=card.number)
