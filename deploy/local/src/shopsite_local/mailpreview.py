"""`make mail-preview`: every mail with sample data as people see it, on one page of pictures."""

import os
import sys
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from shopsite_local import packages
from shopsite_local.binaries import find_chromium
from shopsite_local.commands import run
from shopsite_local.layout import ROOT
from shopsite_local.problems import RunnerError
from shopsite_local.progress import Progress
from shopsite_local.users import is_root

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# how a mail is looked at: the width of the reader's window, and whether it is dark
_VIEWS = {"desk": (800, False), "phone": (375, False), "dark": (800, True)}
_HEIGHT = 400
_HEAD = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Mails</title>
<style>
body { margin: 2rem; font: 1rem/1.5 system-ui, sans-serif; background: #e9ecef; color: #1d2733; }
.views { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
figure { margin: 0; } figcaption { font-size: .85rem; color: #5d6b7a; }
img { display: block; max-width: 480px; height: auto; border: 1px solid #c5ccd3; }
pre { margin: 0; padding: 1rem; background: #fff; border: 1px solid #c5ccd3; }
</style>
<h1>Every mail, with sample data</h1>
"""


def make(folder: Path) -> Sequence[str]:
    """Render all mails into a folder and picture them there; return their names. ``index.html`` shows all.

    Raises:
        RunnerError: the mails can't be rendered, or there is no browser.
    """
    packages.ensure(ROOT / ".local", Progress(), packages.FOR_TESTS)
    _render(folder)
    names = sorted(path.stem for path in folder.glob("*.txt"))
    _picture([folder / f"{name}.html" for name in names])
    index = _HEAD + "".join(line for name in names for line in _section(folder, name))
    (folder / "index.html").write_text(index, encoding="utf-8")
    return names


def _render(folder: Path) -> None:
    """Have notifications write its mails; shop's name, colour and addresses are those of the environment."""
    command = (sys.executable, "-m", "shopsite_notifications", "manage", "preview-mails", "--out", str(folder))
    with_button = {"ORDER_PAGE_PATH": "/orders/{order_id}"}
    done = run(command, env={**with_button, **os.environ}, cwd=ROOT)
    if done.code:
        raise RunnerError("The mails could not be rendered.", *done.last_words())


def _picture(pages: Sequence[Path]) -> None:
    from playwright.sync_api import sync_playwright  # much to import, which no other command waits for

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if is_root() else []
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments)
        for view in _VIEWS:
            _picture_as(browser, view, pages)
        browser.close()


def _picture_as(browser: "Browser", view: str, pages: Sequence[Path]) -> None:
    width, dark = _VIEWS[view]
    window = browser.new_page(
        viewport={"width": width, "height": _HEIGHT},
        color_scheme="dark" if dark else "light",
        java_script_enabled=False,
    )
    for page in pages:
        window.goto(page.as_uri())
        window.screenshot(path=page.with_name(f"{page.stem}-{view}.png"), full_page=True)
    window.close()


def _section(folder: Path, name: str) -> Iterator[str]:
    yield f'<h2>{name.replace("_", " ").capitalize()}</h2>\n<div class="views">\n'
    for view in _VIEWS:
        yield f'<figure><figcaption>{view}</figcaption><a href="{name}.html"><img src="{name}-{view}.png" alt=""></a>'
        yield "</figure>\n"
    text = (folder / f"{name}.txt").read_text(encoding="utf-8")
    yield f"<figure><figcaption>text</figcaption><pre>{escape(text)}</pre></figure>\n</div>\n"
