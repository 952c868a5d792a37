"""The pictures of all mails that `make mail-preview` takes."""

import asyncio

import pytest
from PIL import Image

from shopsite_local import mailpreview
from shopsite_notifications.domain import KINDS

pytestmark = pytest.mark.e2e

WIDTHS = {"desk": 800, "phone": 375, "dark": 800}


async def test_every_mail_is_pictured_and_none_is_wider_than_its_reader(tmp_path):
    assert await asyncio.to_thread(mailpreview.make, tmp_path) == sorted(KINDS)
    index = (tmp_path / "index.html").read_text()
    for kind in KINDS:
        for view, width in WIDTHS.items():
            assert f'src="{kind}-{view}.png"' in index
            with Image.open(tmp_path / f"{kind}-{view}.png") as picture:
                assert picture.width == width, f"{kind} {view}"
        desk, dark = (
            Image.open(tmp_path / f"{kind}-{view}.png").convert("L").getpixel((2, 2)) for view in ("desk", "dark")
        )
        assert desk > 200
        assert dark < 60
