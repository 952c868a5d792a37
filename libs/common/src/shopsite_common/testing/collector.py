"""An OTLP/HTTP collector in the test's own process: keeps the spans that the shop sends, by trace."""

import asyncio
import contextlib
import gzip
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Span:
    """One span as it was sent; ids in hex, the parent's empty for a root."""

    process: str
    name: str
    id: str
    parent: str
    attributes: dict[str, str]
    message: str


class Collector:
    """Takes what is posted, whatever the path."""

    def __init__(self) -> None:
        self.spans: dict[str, list[Span]] = defaultdict(list)
        self._open: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def listening(self, url: str) -> AsyncGenerator["Collector"]:
        """Listen at the address while the block runs."""
        parts = urlsplit(url)
        server = await asyncio.start_server(self._serve, parts.hostname, parts.port)
        try:
            yield self
        finally:
            for writer in self._open:
                writer.close()
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self._keep(await _receive(reader))
                writer.write(_ANSWER)
                await writer.drain()

    def _keep(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            [process] = [pair.value.string_value for pair in resource.resource.attributes if pair.key == "service.name"]
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                self.spans[span.trace_id.hex()].append(_read(process, span))


async def _receive(reader: asyncio.StreamReader) -> bytes:
    """Return the body of the next request, which may come in chunks and packed."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
    if "chunked" in fields.get("transfer-encoding", ""):
        body = b"".join([chunk async for chunk in _chunks(reader)])
    else:
        body = await reader.readexactly(int(fields["content-length"]))
    return gzip.decompress(body) if fields.get("content-encoding") == "gzip" else body


async def _chunks(reader: asyncio.StreamReader) -> AsyncGenerator[bytes]:
    while size := int(await reader.readuntil(b"\r\n"), 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)


def _read(process: str, span: trace_pb2.Span) -> Span:
    return Span(
        process=process,
        name=span.name,
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes={pair.key: str(pair.value) for pair in span.attributes},
        message=span.status.message + "".join(str(event) for event in span.events),
    )
