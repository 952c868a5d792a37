"""The API process."""

from fastapi import FastAPI

from shopsite_common.app import create_app
from shopsite_notifications.api import router
from shopsite_notifications.deps import NotificationsResources
from shopsite_notifications.settings import Settings


def create() -> FastAPI:
    """Return the API as an application for uvicorn."""
    return create_app(NotificationsResources(Settings()), [router], title="ShopSite notifications")
