"""What a process of payments holds open."""

import asyncio
from typing import Annotated, Any

from fastapi import Depends, Request

from shopsite_common.app import version_of
from shopsite_common.http_client import HttpClient
from shopsite_common.resources import Resources
from shopsite_payments.clients.orders import HttpOrders, Orders
from shopsite_payments.clients.paystack import HttpPaystack, Paystack
from shopsite_payments.settings import Settings


class PaymentsResources(Resources):
    """Database, Paystack, orders; and the tasks that go on after an answer."""

    settings: Settings
    orders: Orders
    paystack: Paystack

    def __init__(self, settings: Settings, **given: Any) -> None:
        super().__init__(settings, **given)
        self.orders = HttpOrders(self.client("orders"))
        http = self._paystack_client(settings)
        self.paystack = HttpPaystack(
            http,
            checkout_hosts=settings.paystack_checkout_hosts,
            https_only=settings.paystack_base_url.startswith("https://"),
        )
        self.background: set[asyncio.Task[Any]] = set()

    def _paystack_client(self, settings: Settings) -> HttpClient:
        client = HttpClient(
            "paystack",
            settings.paystack_base_url,
            timeout=settings.paystack_timeout_seconds,
            retries=1,
            headers={
                "Authorization": f"Bearer {settings.paystack_secret_key.get_secret_value()}",
                # what stands before Paystack has refused calls without one
                "User-Agent": f"ShopSite/{version_of(settings.service)}",
            },
        )
        self._clients.append(client)
        return client

    async def close(self) -> None:
        """Let the tasks under way end, then close everything."""
        if self.background:
            await asyncio.wait(self.background, timeout=10)
        await super().close()


def resources_of(request: Request) -> PaymentsResources:
    """Return the resources of the process that serves the request."""
    resources: PaymentsResources = request.app.state.resources
    return resources


Desk = Annotated[PaymentsResources, Depends(resources_of)]
