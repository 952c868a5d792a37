"""Events: each sent, each had by each handler that asks for it, none in a queue for ever."""

from collections import defaultdict

from shopsite_common.events import ANY_SERVICE
from shopsite_common.settings import SERVICES
from shopsite_common.topology import Subscription
from shopsite_invariants.checks.check import NOT_WITHIN_REACH, Check, Finding, found
from shopsite_invariants.sources import Look, subscriptions


def outboxes(look: Look) -> Finding:
    """Look for events that were not sent."""
    count, unsent = 0, []
    for service in SERVICES:
        count += look.rows(service, "SELECT count(*) AS n FROM outbox")[0].n
        rows = look.rows(service, "SELECT event_id, type, attempts, error FROM outbox WHERE sent_at IS NULL")
        unsent += [
            (row.event_id, f"{service}.{row.type} is not sent after {row.attempts} refusals: {row.error or '-'}")
            for row in rows
        ]
    return found(count, unsent)


def sequences(look: Look) -> Finding:
    """Look for numbers that are missing, or there twice, among the events of one aggregate."""
    count, gaps = 0, []
    for service in SERVICES:
        rows = look.rows(
            service,
            """
            SELECT o.subject, count(*) AS n, min(o.sequence) AS first, max(o.sequence) AS last, s.last AS given
            FROM outbox o LEFT JOIN event_sequences s ON s.subject = o.subject GROUP BY o.subject, s.last
            """,
        )
        count += len(rows)
        gaps += [
            (row.subject, f"{service}: {row.n} events numbered {row.first} to {row.last}, {row.given} were given out")
            for row in rows
            if row.n != row.last - row.first + 1 or row.last != row.given
        ]
    return found(count, gaps)


def consumed(look: Look) -> Finding:
    """Look, for each event that was sent, into the inbox of each handler that asks for it."""
    had = {
        (service, row.handler, row.event_id)
        for service in SERVICES
        for row in look.rows(service, "SELECT event_id, handler FROM inbox")
    }
    asked = _handlers_by_key()
    count, missing = 0, []
    for service in SERVICES:
        for row in look.rows(service, "SELECT event_id, type FROM outbox WHERE sent_at IS NOT NULL"):
            for each in (*asked[f"{service}.{row.type}"], *asked[f"{ANY_SERVICE}.{row.type}"]):
                count += 1
                if (each.service, each.name, row.event_id) not in had:
                    missing.append((row.event_id, f"{service}.{row.type} was never handled by {each.queue}"))
    return found(count, missing)


def _handlers_by_key() -> dict[str, list[Subscription]]:
    handlers: dict[str, list[Subscription]] = defaultdict(list)
    for subscription in subscriptions():
        for event in subscription.events:
            handlers[event.binding_key()].append(subscription)
    return handlers


def queues(look: Look) -> Finding:
    """Look for messages that lie in a queue, a step of the ladder, or on their way to the dead letters."""
    if look.queues is None:
        return NOT_WITHIN_REACH
    lying = (
        (name, "the queue is missing" if depth is None else f"{depth} messages lie here")
        for name, depth in look.queues.items()
        if depth != 0
    )
    return found(len(look.queues), lying)


def dead_letters(look: Look) -> Finding:
    """Look for events that no handler could take."""
    rows = [
        row
        for service in SERVICES
        for row in look.rows(service, "SELECT id, queue, event, reason FROM dead_letters ORDER BY id")
    ]
    return found(len(rows), ((row.id, f"{row.event or 'a message'} died in {row.queue}: {row.reason}") for row in rows))


CHECKS = (
    Check("outboxes", "every event is sent", outboxes),
    Check("sequences", "the events of an aggregate are numbered without a gap", sequences),
    Check("consumed", "every event was had by every handler that asks for it", consumed),
    Check("queues", "no message lies anywhere", queues),
    Check("dead-letters", "no event was given up by a handler", dead_letters),
)
