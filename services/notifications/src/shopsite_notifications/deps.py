"""What a process of notifications holds open, and how endpoints get at it."""

from typing import Annotated

from fastapi import Depends, Request

from shopsite_common.resources import Resources
from shopsite_notifications.clients import HttpIdentity, HttpOrders, Identity, MailServer, Orders, SmtpServer
from shopsite_notifications.service import Renderer
from shopsite_notifications.settings import Settings


class NotificationsResources(Resources):
    """Templates and clients beside what every service holds."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.own_settings = settings
        self.renderer = open_renderer(settings)
        self.identity: Identity = HttpIdentity(self.client("identity", timeout=5.0))
        self.orders: Orders = HttpOrders(self.client("orders"))
        self.mail_server: MailServer = open_mail_server(settings)


def open_renderer(settings: Settings) -> Renderer:
    """Return the mail templates in the shop's name and colour."""
    return Renderer(
        shop_name=settings.shop_name,
        colour=settings.shop_colour,
        origin=settings.link_origin,
        order_page_path=settings.order_page_path,
    )


def open_mail_server(settings: Settings) -> SmtpServer:
    """Return the mail server of the settings; nothing is connected yet."""
    return SmtpServer(
        settings.email_host,
        settings.email_port,
        user=settings.email_host_user,
        password=settings.email_host_password,
        implicit_tls=settings.implicit_tls,
        start_tls=settings.encrypted and not settings.implicit_tls,
        timeout=settings.email_timeout_seconds,
    )


def resources_of(request: Request) -> NotificationsResources:
    """Return what the process holds open."""
    resources: NotificationsResources = request.app.state.resources
    return resources


Own = Annotated[NotificationsResources, Depends(resources_of)]
