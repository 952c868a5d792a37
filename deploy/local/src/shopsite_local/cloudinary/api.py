"""The upload API's paths."""

import asyncio
import base64
import hmac
import secrets
from collections.abc import Awaitable, Callable

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shopsite_local.cloudinary.cloud import Cloud
from shopsite_local.cloudinary.pictures import InvalidPicture
from shopsite_local.cloudinary.signing import Unauthorized
from shopsite_local.faults import LostReply

LIMITED = frozenset({420, 429})
RESOURCE_TYPES = frozenset({"image", "auto"})

Handler = Callable[[Cloud, FormData, dict[str, str]], Awaitable[Response]]


def error(message: str, status: int) -> Response:
    """Returns Cloudinary's error body."""
    return JSONResponse({"error": {"message": message}}, status_code=status)


def signed(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Makes a route's endpoint of a handler: faults, form, signature."""

    async def endpoint(request: Request) -> Response:
        cloud: Cloud = request.app.state.cloud
        faults = cloud.faults
        if cloud.take("fail_next"):
            message = "Rate Limit Exceeded" if faults.fail_status in LIMITED else "General Error"
            response = faults.failure({"error": {"message": message}})
        else:
            response = await _answer(request, cloud, handler)
        await asyncio.sleep(faults.latency_ms / 1000)
        response.headers["x-request-id"] = secrets.token_hex(16)
        return LostReply() if cloud.take("drop_next") else response

    return endpoint


async def _answer(request: Request, cloud: Cloud, handler: Handler) -> Response:
    if request.path_params["cloud_name"] != cloud.options.cloud_name:
        return error("cloud_name mismatch", 401)
    if request.path_params["resource_type"] not in RESOURCE_TYPES:
        return error("Only images are simulated", 400)
    async with request.form() as form:
        fields = _fields(form)
        try:
            cloud.check(fields)
            return await handler(cloud, form, fields)
        except Unauthorized as refused:
            return error(str(refused), 401)
        except InvalidPicture as refused:
            return error(str(refused), 400)


def _fields(form: FormData) -> dict[str, str]:
    """Returns the text fields; a list, sent as repeated `name[]`, is joined as it was signed."""
    names = dict.fromkeys(form)
    values = {name: [value for value in form.getlist(name) if isinstance(value, str)] for name in names}
    return {name.removesuffix("[]"): ",".join(texts) for name, texts in values.items() if texts}


async def upload(cloud: Cloud, form: FormData, fields: dict[str, str]) -> Response:
    """Takes a picture; a URL in place of the bytes is refused, where Cloudinary would fetch it."""
    file = form.get("file")
    if not isinstance(file, UploadFile):
        return error("Missing required parameter - file (the simulator fetches no URLs)", 400)
    return JSONResponse(cloud.keep(await file.read(), fields, filename=file.filename or ""))


async def destroy(cloud: Cloud, _form: FormData, fields: dict[str, str]) -> Response:
    """Deletes a picture; one that is not there is no error."""
    public_id = fields.get("public_id", "")
    if not public_id:
        return error("Missing required parameter - public_id", 400)
    return JSONResponse({"result": "ok" if cloud.store.remove(public_id) else "not found"})


async def ping(request: Request) -> Response:
    """Answers the Admin API's ping, which signs in by name and password."""
    cloud: Cloud = request.app.state.cloud
    pair = f"{cloud.options.api_key}:{cloud.options.api_secret}"
    wanted = f"Basic {base64.b64encode(pair.encode()).decode()}"
    if not hmac.compare_digest(request.headers.get("authorization", "").encode(), wanted.encode()):
        return error("unknown api_key", 401)
    return JSONResponse({"status": "ok"})


ROUTES = [
    Route("/v1_1/{cloud_name}/ping", ping, methods=["GET"]),
    Route("/v1_1/{cloud_name}/{resource_type}/upload", signed(upload), methods=["POST"]),
    Route("/v1_1/{cloud_name}/{resource_type}/destroy", signed(destroy), methods=["POST"]),
]
