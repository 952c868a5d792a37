"""A person at the dashboard: the system's Chromium, at the width of a desk or of a phone."""

import os
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_core_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright

from shopsite_common.testing.environment import is_long_run
from shopsite_local.binaries import find_chromium
from shopsite_local.layout import ROOT

WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}
SCREENSHOTS = ROOT / ".local" / "screenshots"
# a machine that does other work as well
_PATIENCE_MS = 30_000
_GRAVE = {"serious", "critical"}


@dataclass
class Visitor:
    """Somebody at a browser, and what a page must not do meanwhile."""

    page: Page
    url: str
    width: str
    pictures_from: str
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("console", self._on_console)
        self.page.on("request", lambda request: self._on_request(request.url))

    def _on_console(self, message) -> None:
        # the browser's own line about an answer that the test asked for
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _on_request(self, url: str) -> None:
        at = urlsplit(url)
        if at.scheme in {"http", "https"} and at.netloc not in {urlsplit(self.url).netloc, self.pictures_from}:
            self.faults.append(f"a foreign host: {url}")

    async def open(self, path: str) -> None:
        await self.page.goto(f"{self.url}{path}")

    async def sign_in(self, email: str, password: str) -> None:
        await self.page.get_by_label("E-mail").fill(email)
        await self.page.get_by_label("Password").fill(password)
        await self.press("Sign in")

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).first.click()

    async def fill(self, **fields: str) -> None:
        """Fill fields in by their id."""
        for name, value in fields.items():
            await self.page.locator(f"#{name}").fill(value)

    async def confirm(self, summary: str, button: str) -> None:
        """Open what asks first, and say yes."""
        await self.page.get_by_text(summary, exact=True).click()
        await self.press(button)

    async def reads(self, text: str) -> None:
        await self.page.get_by_text(text).filter(visible=True).first.wait_for()

    def picture_of(self, name: str) -> Path:
        """Return where the picture of a page is kept."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        return SCREENSHOTS / f"{name}-{self.width}.png"

    async def look(self, name: str) -> None:
        """Keep a picture of the page, and judge it: no grave fault of accessibility, nothing wider than the screen."""
        await self.page.screenshot(path=self.picture_of(name), full_page=True)
        judged = await Axe().run(self.page)
        grave = [(found["id"], node["html"]) for found in judged["violations"] if found["impact"] in _GRAVE
                 for node in found["nodes"]]  # fmt: skip
        assert grave == []
        across = await self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert across <= 0, f"{name} is {across} px wider than the screen"

    async def look_at_every_width(self, name: str) -> None:
        """Keep and judge pictures of the page as it is, at a desk and on a phone."""
        for self.width, (width, height) in WIDTHS.items():
            await self.page.set_viewport_size({"width": width, "height": height})
            await self.look(name)

    async def id_in_address(self, pattern: str) -> str:
        await self.page.wait_for_url(re.compile(pattern))
        return re.search(pattern, self.page.url)[1]


@asynccontextmanager
async def browsing(shop, width):
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium() or pytest.fail("no Chromium"), args=arguments
        )
        sizes = dict(zip(("width", "height"), WIDTHS[width], strict=True))
        page = await browser.new_page(viewport=sizes, locale="en-GB")
        page.set_default_timeout(_PATIENCE_MS)
        pictures_from = urlsplit(shop.url("CLOUDINARY_SIMULATOR_URL")).netloc
        visitor = Visitor(page, shop.url("SHOPSITE_URL").rstrip("/"), width, pictures_from)
        visitor.watch()
        yield visitor
        await browser.close()
    assert visitor.faults == []


@pytest.fixture(params=WIDTHS if is_long_run() else ["desk"])
async def visitor(shop, request):
    """Somebody who has not signed in, at a desk; in `make test-long` then with a phone as well."""
    async with browsing(shop, request.param) as found:
        yield found


@pytest.fixture
async def at_desk(shop):
    """Somebody who has not signed in, at a desk."""
    async with browsing(shop, "desk") as found:
        yield found


@pytest.fixture
async def with_phone(shop):
    """Somebody who has not signed in, with a phone."""
    async with browsing(shop, "phone") as found:
        yield found


@pytest.fixture
def as_admin(shop):
    """Return a function that signs a visitor in as the shop's first admin, on the page where they want to be."""

    async def enter(visitor, path="/admin/"):
        await visitor.open(path)
        await visitor.sign_in(shop.url("SHOPSITE_ADMIN_EMAIL"), shop.url("SHOPSITE_ADMIN_PASSWORD"))

    return enter
