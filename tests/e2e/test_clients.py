"""What docs/clients.md shows works: the snippets of each language, one after the other, are a program."""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE, STDOUT

import pytest
from playwright.async_api import async_playwright

from shopsite_local.binaries import find_chromium
from shopsite_local.layout import ROOT

pytestmark = pytest.mark.e2e

WRITTEN = (ROOT / "docs" / "clients.md").read_text()
SAYS = [
    "signed in: Ada",
    "refreshed: 200",
    "found: some",
    "ordered: once",
    "paged: all",
    "refused: 400 validation_failed quantity",
    "paid: PROCESSING",
    "may go on",
]
# a whole purchase, on a machine that does other work as well
_SECONDS = 180


@pytest.fixture
def program(shop):
    """Return a function that puts the snippets of a language together, for the shop that runs."""

    def snippets(language):
        found = re.findall(rf"^```{language}\n(.*?)^```$", WRITTEN, re.DOTALL | re.MULTILINE)
        assert len(found) == len(SAYS)
        return "\n".join(found).replace("http://localhost:8000", shop.url("SHOPSITE_URL").rstrip("/"))

    return snippets


async def lines_of(folder, *command):
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT, cwd=folder)
    said, _ = await asyncio.wait_for(process.communicate(), _SECONDS)
    assert process.returncode == 0, said.decode()
    return said.decode().splitlines()


async def test_the_curl_snippets_buy_something(program, tmp_path):
    said = await lines_of(tmp_path, "bash", "-euo", "pipefail", "-c", program("bash"))
    assert said[1:] == SAYS  # after the new account's id


async def test_the_python_snippets_buy_something(program, tmp_path):
    assert await lines_of(tmp_path, sys.executable, "-c", program("python")) == SAYS


async def test_the_javascript_snippets_buy_something(program, shop):
    said = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = await browser.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "log" else None)
        await page.goto(f"{shop.url('SHOPSITE_URL')}/robots.txt")
        await asyncio.wait_for(page.evaluate(f"(async () => {{ {program('javascript')} }})()"), _SECONDS)
        await browser.close()
    assert said == SAYS
