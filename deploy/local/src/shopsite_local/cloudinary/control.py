"""The simulator's own endpoints, under `/_simulator`, and a page of the pictures."""

import json
from html import escape

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from shopsite_local.cloudinary.api import error
from shopsite_local.cloudinary.cloud import Cloud
from shopsite_local.faults import CallFaults

PAGE_HEADERS = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'"}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Cloudinary simulator</title><style>
body { margin: 0; background: #f3f5f9; color: #1b2333; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 70rem; margin: 1.5rem auto; padding: 0 1rem; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1rem; padding: 0; }
li { list-style: none; background: #fff; border: 1px solid #dfe4ee; border-radius: .5rem; padding: .5rem; }
li { font-size: .8rem; word-break: break-word; }
img { width: 100%%; aspect-ratio: 1; object-fit: cover; border-radius: .25rem; }
</style></head><body><main><h1>Pictures</h1><p>%d stored.</p><ul>%s</ul></main></body></html>
"""
SHOWN = 200


def _cloud(request: Request) -> Cloud:
    cloud: Cloud = request.app.state.cloud
    return cloud


async def read_settings(request: Request) -> Response:
    """Answers the faults in force."""
    return JSONResponse(_cloud(request).faults.model_dump())


async def change_settings(request: Request) -> Response:
    """Changes any of the faults; null ends one."""
    try:
        return JSONResponse(_cloud(request).change_faults(json.loads(await request.body())).model_dump())
    except (ValidationError, ValueError, TypeError) as refused:
        return error(f"Invalid settings: {refused}", 400)


async def list_assets(request: Request) -> Response:
    """Lists every picture, the newest first."""
    cloud = _cloud(request)
    return JSONResponse([cloud.described(asset) for asset in cloud.store.list()])


async def reset(request: Request) -> Response:
    """Deletes all pictures and ends all faults."""
    cloud = _cloud(request)
    cloud.store.empty()
    cloud.faults = CallFaults()
    return JSONResponse({"status": "reset"})


async def gallery(request: Request) -> Response:
    """Shows the pictures."""
    cloud = _cloud(request)
    assets = cloud.store.list()
    shown = [(escape(each.public_id), each) for each in assets[:SHOWN]]
    name = cloud.options.cloud_name
    items = [
        f'<li><img loading="lazy" alt="" src="/{name}/image/upload/c_fill,h_300,w_300/{public_id}.{each.format}">'
        f"{public_id} ({each.width} x {each.height})</li>"
        for public_id, each in shown
    ]
    return HTMLResponse(PAGE % (len(assets), "".join(items)), headers=PAGE_HEADERS)


ROUTES = [
    Route("/", gallery, methods=["GET"]),
    Route("/_simulator/settings", read_settings, methods=["GET"]),
    Route("/_simulator/settings", change_settings, methods=["POST"]),
    Route("/_simulator/assets", list_assets, methods=["GET"]),
    Route("/_simulator", reset, methods=["DELETE"]),
]
