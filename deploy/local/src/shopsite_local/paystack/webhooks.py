"""Events: signed over the very bytes that are sent, and kept until delivered."""

import hashlib
import hmac
from typing import Any

from shopsite_local.faults import js_compact
from shopsite_local.paystack import errors, repository
from shopsite_local.paystack.behaviour import Behaviour
from shopsite_local.paystack.models import Delivery
from shopsite_local.paystack.simulator import Simulator

WRONG_KEY = "sk_test_of_somebody_else"


def sign(body: bytes, key: str) -> str:
    """Returns `x-paystack-signature` of a body: HMAC-SHA512 in lower-case hex."""
    return hmac.new(key.encode(), body, hashlib.sha512).hexdigest()


def announce(simulator: Simulator, event: str, reference: str, data: Any, *, late_by: float = 0) -> None:
    """Queues an event as the settings say: once, several times, later, or only in the log."""
    behaviour = simulator.behaviour(reference)
    key = WRONG_KEY if behaviour.bad_signature else simulator.options.secret_key
    times = behaviour.duplicates if behaviour.webhooks == "duplicate" else 1
    delay = behaviour.delay_seconds if behaviour.webhooks == "delay" else 0
    due = None if _suppressed(simulator, behaviour) else simulator.now() + delay + late_by
    for _ in range(times):
        queue(simulator, event, reference, js_compact({"event": event, "data": data}), key=key, due=due)
    simulator.on_due()


def _suppressed(simulator: Simulator, behaviour: Behaviour) -> bool:
    return behaviour.webhooks == "off" or not simulator.options.webhook_url


def queue(simulator: Simulator, event: str, reference: str, body: bytes, *, key: str, due: float | None) -> int:
    """Puts one webhook into the log, to be sent at `due` or, with None, never by itself; returns its id."""
    return repository.insert(
        simulator.db,
        "deliveries",
        {
            "event": event,
            "reference": reference,
            "url": simulator.options.webhook_url,
            "body": body,
            "signature": sign(body, key),
            "state": "suppressed" if due is None else "waiting",
            "tries": 0,
            "next_at": due,
            "created_at": simulator.now(),
        },
    )


def copy_last(simulator: Simulator, reference: str, event: str) -> int:
    """Queues the last webhook of this kind again, byte for byte and rightly signed; returns its id."""
    last = find_last(simulator, reference, event)
    key = simulator.options.secret_key
    return queue(simulator, last.event, reference, last.body, key=key, due=simulator.now())


def find_last(simulator: Simulator, reference: str, event: str) -> Delivery:
    """Returns the last webhook of this kind, sent or not; raises `errors.Refused`."""
    where = {"reference = ?": reference, "event = ?": event}
    found = repository.list_deliveries(simulator.db, where, limit=1)
    if not found:
        raise errors.not_found(f"A webhook {event} of {reference}")
    return found[0]
