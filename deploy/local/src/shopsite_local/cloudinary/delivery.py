"""Serves the pictures: `/{cloud}/image/upload/[transforms/][vN/]id.ext`."""

import re
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from shopsite_local.cloudinary.cloud import Cloud
from shopsite_local.cloudinary.pictures import MEDIA_TYPES, is_transform, rendered
from shopsite_local.cloudinary.store import Asset, Store

VERSION = re.compile(r"v\d+")
CACHED = {"cache-control": "public, max-age=2592000", "access-control-allow-origin": "*"}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a delivery path asks for."""

    asset: Asset
    transforms: tuple[str, ...]
    ending: str


def wanted(store: Store, path: str) -> Wanted | None:
    """Finds the picture of a path: the longest end of it that is a public id, after transforms and a version."""
    segments = path.split("/")
    for start in range(len(segments)):
        asset, ending = _named(store, "/".join(segments[start:]))
        if asset:
            return Wanted(asset=asset, transforms=_transforms(segments[:start]), ending=ending or asset.format)
        if not (is_transform(segments[start]) or VERSION.fullmatch(segments[start])):
            return None
    return None


def _transforms(segments: list[str]) -> tuple[str, ...]:
    return tuple(segment for segment in segments if not VERSION.fullmatch(segment))


def _named(store: Store, name: str) -> tuple[Asset | None, str]:
    stem, dot, ending = name.rpartition(".")
    if dot and ending.lower() in MEDIA_TYPES:
        return store.find(stem), ending.lower()
    return store.find(name), ""


async def deliver(request: Request) -> Response:
    """Answers a picture, resized where the path says so; nothing is checked, as on the real host."""
    cloud: Cloud = request.app.state.cloud
    named = request.path_params.get("cloud_name", cloud.options.cloud_name)
    found = wanted(cloud.store, request.path_params["path"]) if named == cloud.options.cloud_name else None
    if not found:
        raise HTTPException(404, headers={"x-cld-error": "Resource not found"})
    form = "jpg" if found.ending == "jpeg" else found.ending
    path, headers = cloud.store.path(found.asset), {**CACHED, "etag": f'"{found.asset.etag}"'}
    if form == found.asset.format and not found.transforms:
        return FileResponse(path, media_type=MEDIA_TYPES[form], headers=headers)
    content = await run_in_threadpool(rendered, path, found.transforms, form)
    return Response(content, media_type=MEDIA_TYPES[form], headers=CACHED)


ROUTES = [
    Route("/image/upload/{path:path}", deliver, methods=["GET"]),
    Route("/{cloud_name}/image/upload/{path:path}", deliver, methods=["GET"]),
]
