"""The API process."""

from fastapi import FastAPI

from shopsite_common.app import create_app
from shopsite_payments.api import callback, pay, payments, webhook
from shopsite_payments.deps.resources import PaymentsResources
from shopsite_payments.settings import Settings


def create() -> FastAPI:
    """Return the API of payments."""
    routers = (pay.router, callback.router, webhook.router, payments.router)
    return create_app(PaymentsResources(Settings()), routers, title="Payments")
