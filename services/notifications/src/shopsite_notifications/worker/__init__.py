"""The worker process: consumers, outbox relay, and the sender of mails."""

from datetime import timedelta

from fastapi import FastAPI

from shopsite_common.invariants import Invariant
from shopsite_common.worker import Timer, create_worker
from shopsite_notifications import service
from shopsite_notifications.consumers import HANDLERS
from shopsite_notifications.deps import NotificationsResources
from shopsite_notifications.settings import Settings
from shopsite_notifications.worker.delivery import Delivery

_SEND_EVERY = timedelta(seconds=0.2)
_MEASURE_EVERY = timedelta(seconds=15)
_SWEEP_EVERY = timedelta(minutes=1)


def create() -> FastAPI:
    """Return the worker as an application for uvicorn."""
    resources = NotificationsResources(Settings())
    delivery = Delivery(resources)
    timers = (
        Timer("send-emails", _SEND_EVERY, delivery.deliver_due),
        Timer("measure-emails", _MEASURE_EVERY, delivery.measure),
        Timer("drop-undeliverable", _SWEEP_EVERY, delivery.sweep),
    )
    return create_worker(resources, HANDLERS, timers, (Invariant("mails_tried", service.list_forgotten),))
