"""Health of a process: alive, and ready with each thing that it depends on."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from itertools import starmap
from typing import Literal

from fastapi import APIRouter, Response
from redis.exceptions import RedisError

from shopsite_common.errors import ShopError
from shopsite_common.logs import get_logger
from shopsite_common.schemas import ResponseBody

log = get_logger(__name__)

Probe = Callable[[], Awaitable[object]]
_PROBE_SECONDS = 1.5


class Health(ResponseBody):
    """``status`` is ``ok`` if everything that the process can't do without answers."""

    status: Literal["ok", "degraded", "unavailable"]
    service: str
    version: str
    dependencies: dict[str, Literal["ok", "unavailable"]]


class Liveness(ResponseBody):
    """The process runs."""

    status: Literal["ok"] = "ok"


def health_router(
    service: str, version: str, *, needed: Mapping[str, Probe], helpful: Mapping[str, Probe] | None = None
) -> APIRouter:
    """Return the routes ``/health/live`` and ``/health/ready``.

    Args:
        service: the process's name.
        version: its version.
        needed: without these it is not ready (503).
        helpful: without these it works on, degraded.
    """
    router = APIRouter(include_in_schema=False)
    optional = helpful or {}

    @router.get("/health/live")
    async def live() -> Liveness:
        return Liveness()

    @router.get("/health/ready")
    async def ready(response: Response) -> Health:
        names = [*needed, *optional]
        answers = await asyncio.gather(*starmap(_answers, [*needed.items(), *optional.items()]))
        found = dict(zip(names, answers, strict=True))
        status: Literal["ok", "degraded", "unavailable"] = "ok" if all(answers) else "degraded"
        if not all(found[name] for name in needed):
            status, response.status_code = "unavailable", 503
        return Health(
            status=status,
            service=service,
            version=version,
            dependencies={name: "ok" if up else "unavailable" for name, up in found.items()},
        )

    return router


async def _answers(name: str, probe: Probe) -> bool:
    with contextlib.suppress(TimeoutError):
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await probe()
        except (ShopError, RedisError, OSError, RuntimeError) as error:
            log.warning("dependency_unavailable", dependency=name, error=type(error).__name__)
            return False
        return True
    return False
