"""What customers read all day, from caches: nothing but the gateway and ready bytes could be faster."""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial

from shopsite_bench import beside
from shopsite_bench.case import Case, Sides, at_least
from shopsite_bench.load import put_load
from shopsite_bench.seeding import product_id
from shopsite_bench.stage import Stage

LIST = "/api/products/"


def _detail(stage: Stage) -> str:
    return f"{LIST}{product_id(stage, 4711)}/"


@contextlib.contextmanager
def _ready_bytes(stage: Stage, path: Callable[[Stage], str]) -> Iterator[Sides]:
    """The shop's answer, against a Traefik before a program that holds exactly these bytes."""
    address = path(stage)
    body = stage.scratch / "body"
    body.write_bytes(stage.get(address).content)
    with (
        beside.program("ready_bytes", stage.logs, {"BENCH_BODY": str(body)}) as back,
        beside.gateway(back, stage.scratch) as plain,
    ):
        yield Sides(partial(put_load, stage.target(address)), partial(put_load, plain))


@contextlib.contextmanager
def _not_modified(stage: Stage) -> Iterator[Sides]:
    """The client has the list already, against a program that says 304 and nothing else."""
    script = stage.scratch / "etag.lua"
    etag = stage.get(LIST).headers["etag"]
    script.write_text(f"wrk.headers['If-None-Match'] = '{etag}'\n", encoding="utf-8")
    with beside.program("ready_bytes", stage.logs) as back, beside.gateway(back, stage.scratch) as plain:
        yield Sides(partial(put_load, stage.target(LIST), script=script), partial(put_load, plain))


CASES = (
    Case(
        "list-cached",
        "list of 20, cached, anonymous / Traefik before raw ASGI with the same bytes",
        (at_least(0.60),),
        partial(_ready_bytes, path=lambda _: LIST),
    ),
    Case(
        "detail-cached",
        "detail, cached, anonymous / Traefik before raw ASGI with the same bytes",
        (at_least(0.60),),
        partial(_ready_bytes, path=_detail),
    ),
    Case(
        "list-not-modified",
        "list, 304 by ETag / Traefik before raw ASGI, empty answer",
        (at_least(0.60),),
        _not_modified,
    ),
)
