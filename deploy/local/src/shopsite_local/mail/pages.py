"""Pages to read the mails."""

import re
from urllib.parse import urlencode

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from shopsite_local.mail.api import asked, find, mailbox, message_of, window
from shopsite_local.mail.parsing import Mail

SEE_OTHER = 303
PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; frame-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
}
# A mail may look like anything but run nothing; its links open outside of the frame.
VIEW_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src 'self' data: http: https:; "
        "sandbox allow-popups allow-popups-to-escape-sandbox"
    )
}
LINKS_OUTSIDE = '<base target="_blank">'
# Looks for new mail every few seconds and shows it; a page that a search narrowed stays as it is.
REFRESH = """\
const shown = document.body.dataset.newest;
setInterval(async () => {
  const answer = await fetch("/api/v1/messages?limit=1");
  const newest = (await answer.json()).messages[0]?.ID ?? "";
  if (newest !== shown) location.reload();
}, 3000);
"""

TEMPLATES = Jinja2Templates(env=jinja2.Environment(loader=jinja2.PackageLoader("shopsite_local.mail"), autoescape=True))


async def index(request: Request) -> Response:
    """Lists mails, newest first, with a search."""
    box, (start, limit) = mailbox(request), window(request)
    found, _ = box.count(asked(request))
    messages = box.list(asked(request), start=start, limit=limit)
    newest = box.list([], start=0, limit=1)
    context = {
        "messages": messages,
        "query": request.query_params.get("query", ""),
        "found": found,
        "newest": newest[0]["ID"] if newest else "",
        "newer": _turn(request, start - limit) if start else None,
        "older": _turn(request, start + limit) if start + limit < found else None,
    }
    return TEMPLATES.TemplateResponse(request, "index.html", context, headers=PAGE_HEADERS)


def _turn(request: Request, start: int) -> str:
    query = {**request.query_params, "start": str(max(0, start))}
    return f"/?{urlencode(query)}"


async def show(request: Request) -> Response:
    """Shows one mail and marks it as read."""
    row = find(request)
    mailbox(request).mark([row["id"]], read=True)
    context = {"mail": message_of(row), "headers": Mail(row["raw"]).headers()}
    return TEMPLATES.TemplateResponse(request, "message.html", context, headers=PAGE_HEADERS)


async def view_html(request: Request) -> Response:
    """Shows the HTML of a mail as the reader sees it."""
    row = find(request)
    mail = Mail(row["raw"])
    html = mail.html
    for part in mail.parts():
        if part.content_id:
            html = html.replace(f"cid:{part.content_id}", f"/api/v1/message/{row['id']}/part/{part.part_id}")
    framed, heads = re.subn(r"(?i)(<head[^>]*>)", rf"\1{LINKS_OUTSIDE}", html, count=1)
    return HTMLResponse(framed if heads else LINKS_OUTSIDE + html, headers=VIEW_HEADERS)


async def view_text(request: Request) -> Response:
    """Shows the plain text of a mail."""
    return PlainTextResponse(Mail(find(request)["raw"]).text)


async def empty(request: Request) -> Response:
    """Deletes every mail and shows the empty list."""
    mailbox(request).delete(None)
    return RedirectResponse("/", SEE_OTHER)


async def refresh(_request: Request) -> Response:
    """Gives the list's only script."""
    return Response(REFRESH, media_type="text/javascript")


ROUTES = [
    Route("/", index, methods=["GET"]),
    Route("/refresh.js", refresh, methods=["GET"]),
    Route("/empty", empty, methods=["POST"]),
    Route("/view/{mail_id}.html", view_html, methods=["GET"]),
    Route("/view/{mail_id}.txt", view_text, methods=["GET"]),
    Route("/view/{mail_id}", show, methods=["GET"]),
]
