"""Mailpit's API, version 1: what tests and people ask a mailbox."""

import json
import sqlite3
from typing import Any

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from shopsite_local.mail.parsing import Mail, Part
from shopsite_local.mail.search import Condition, conditions
from shopsite_local.mail.smtp import Catcher, Chaos
from shopsite_local.mail.store import Mailbox, summary_of

DEFAULT_LIMIT = 50
SANDBOX = {"content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff"}


def mailbox(request: Request) -> Mailbox:
    """Returns the mailbox that the process keeps."""
    found: Mailbox = request.app.state.mailbox
    return found


def find(request: Request) -> sqlite3.Row:
    """Returns the mail that the path names; raises `HTTPException` 404."""
    row = mailbox(request).find(request.path_params["mail_id"])
    if row is None:
        raise HTTPException(404, "message not found")
    return row


def asked(request: Request) -> list[Condition]:
    """Returns what the query asks for; an empty query finds all."""
    return conditions(request.query_params.get("query", ""))


def window(request: Request) -> tuple[int, int]:
    """Returns start and limit; raises `HTTPException` 400 where they are no numbers."""
    try:
        start = int(request.query_params.get("start") or 0)
        limit = int(request.query_params.get("limit") or DEFAULT_LIMIT)
    except ValueError as error:
        raise HTTPException(400, "start and limit are numbers") from error
    return max(0, start), max(0, limit)


async def list_messages(request: Request) -> Response:
    """Lists or searches mails, newest first; totals are the mailbox's, `messages_count` the search's."""
    wanted, (start, limit) = asked(request), window(request)
    box = mailbox(request)
    total, unread = box.count()
    found, found_unread = box.count(wanted)
    messages = box.list(wanted, start=start, limit=limit)
    answer = {
        "total": total,
        "unread": unread,
        "count": len(messages),
        "messages_count": found,
        "messages_unread": found_unread,
        "start": start,
        "tags": [],
        "messages": messages,
    }
    return JSONResponse(answer)


async def delete_messages(request: Request) -> Response:
    """Deletes the mails of `{"IDs": […]}`, or all when none are named."""
    ids = (await _body(request)).get("IDs")
    mailbox(request).delete(ids or None)
    return PlainTextResponse("ok")


async def delete_search(request: Request) -> Response:
    """Deletes what a search finds; raises 400 for a search that says nothing."""
    wanted = asked(request)
    if not wanted:
        raise HTTPException(400, "no search query")
    mailbox(request).delete_found(wanted)
    return PlainTextResponse("ok")


async def mark_messages(request: Request) -> Response:
    """Marks the mails of `{"IDs": […], "Read": bool}`, or all when none are named."""
    body = await _body(request)
    mailbox(request).mark(body.get("IDs") or None, read=bool(body.get("Read")))
    return PlainTextResponse("ok")


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    try:
        parsed = json.loads(raw) if raw else {}
    except ValueError as error:
        raise HTTPException(400, "invalid JSON") from error
    if not isinstance(parsed, dict):
        raise HTTPException(400, "invalid JSON")
    return parsed


async def read_message(request: Request) -> Response:
    """Shows one mail with its text and HTML, and marks it as read."""
    row = find(request)
    mailbox(request).mark([row["id"]], read=True)
    return JSONResponse(message_of(row))


def message_of(row: sqlite3.Row) -> dict[str, Any]:
    """Returns a mail as Mailpit's message summary gives it."""
    mail, summary = Mail(row["raw"]), summary_of(row)
    summary.pop("Snippet")
    created = summary.pop("Created")
    parts = mail.parts()
    return {
        **summary,
        "Read": True,
        "ReturnPath": row["return_path"],
        "ListUnsubscribe": _unsubscribe(mail),
        "Date": mail.date or created,
        "Username": "",
        "Text": mail.text,
        "HTML": mail.html,
        "Inline": [part.listed() for part in parts if part.is_inline],
        "Attachments": [part.listed() for part in parts if not part.is_inline],
    }


def _unsubscribe(mail: Mail) -> dict[str, Any]:
    header = mail.header("List-Unsubscribe")
    links = [link.strip().strip("<>") for link in header.split(",") if link.strip()]
    return {"Header": header, "Links": links, "Errors": "", "HeaderPost": mail.header("List-Unsubscribe-Post")}


async def read_headers(request: Request) -> Response:
    """Shows all headers of a mail."""
    return JSONResponse(Mail(find(request)["raw"]).headers())


async def read_raw(request: Request) -> Response:
    """Shows a mail as it came."""
    return PlainTextResponse(find(request)["raw"], headers=SANDBOX)


async def read_part(request: Request) -> Response:
    """Downloads an attachment or shows an inline picture."""
    number = request.path_params["part_id"]
    part: Part | None = next((each for each in Mail(find(request)["raw"]).parts() if each.part_id == number), None)
    if part is None:
        raise HTTPException(404, "part not found")
    return Response(part.content, media_type=part.content_type, headers=SANDBOX)


async def read_info(request: Request) -> Response:
    """Says what this is and how full it is."""
    total, unread = mailbox(request).count()
    return JSONResponse({"Version": "shopsite-local", "Messages": total, "Unread": unread, "Tags": {}})


def _catcher(request: Request) -> Catcher:
    catcher: Catcher = request.app.state.catcher
    return catcher


async def read_chaos(request: Request) -> Response:
    """Shows which steps of the SMTP dialogue are refused."""
    return JSONResponse(_catcher(request).chaos.model_dump(by_alias=True))


async def change_chaos(request: Request) -> Response:
    """Sets which are refused; what is not named is taken again."""
    try:
        _catcher(request).chaos = Chaos.model_validate(await _body(request))
    except ValidationError as error:
        raise HTTPException(400, str(error)) from error
    return await read_chaos(request)


ROUTES = [
    Route("/api/v1/messages", list_messages, methods=["GET"]),
    Route("/api/v1/messages", delete_messages, methods=["DELETE"]),
    Route("/api/v1/messages", mark_messages, methods=["PUT"]),
    Route("/api/v1/search", list_messages, methods=["GET"]),
    Route("/api/v1/search", delete_search, methods=["DELETE"]),
    Route("/api/v1/message/{mail_id}", read_message, methods=["GET"]),
    Route("/api/v1/message/{mail_id}/headers", read_headers, methods=["GET"]),
    Route("/api/v1/message/{mail_id}/raw", read_raw, methods=["GET"]),
    Route("/api/v1/message/{mail_id}/part/{part_id}", read_part, methods=["GET"]),
    Route("/api/v1/info", read_info, methods=["GET"]),
    Route("/api/v1/chaos", read_chaos, methods=["GET"]),
    Route("/api/v1/chaos", change_chaos, methods=["PUT"]),
]
