"""One request to the dashboard: who makes it, the API as they may use it, and the answer's frame."""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote, urlsplit

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from shopsite_portal.admin.api import SESSION_PATH, Api, ApiRefused
from shopsite_portal.admin.rendering import render

NOTICE_COOKIE = "shopsite_notice"
_NOTICE_SECONDS = 60


@dataclass(frozen=True)
class Person:
    """Who is signed in, and the token that their forms bear."""

    name: str
    email: str
    role: Literal["staff", "admin"]
    csrf_token: str

    @property
    def is_admin(self) -> bool:
        """Tell whether they see more than the catalog's part."""
        return self.role == "admin"


@dataclass(frozen=True)
class Visit:
    """A signed-in person's request; ``form`` is empty unless it is a POST."""

    request: Request
    person: Person
    api: Api
    form: FormData
    shop_name: str

    def field(self, name: str) -> str:
        """Return a text field of the form, without spaces around it."""
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def page(
        self, template: str, *, status: int = HTTPStatus.OK, pictures: Iterable[str] = (), **values: Any
    ) -> HTMLResponse:
        """Return a page, with what the last step had to say, once."""
        tone, _, text = unquote(self.request.cookies.get(NOTICE_COOKIE, "")).partition("|")
        frame = {"person": self.person, "shop_name": self.shop_name, "here": self.request.url.path}
        notice = {"tone": "bad" if tone == "bad" else "good", "text": text}
        answer = render(template, status=status, pictures=pictures, notice=notice, **frame, **values)
        if text:
            answer.delete_cookie(NOTICE_COOKIE, path="/admin/", httponly=True, samesite="strict")
        return answer

    def go(self, path: str, text: str, *, tone: Literal["good", "bad"] = "good") -> RedirectResponse:
        """Return the way to the page that shows the outcome of a form."""
        answer = RedirectResponse(path, HTTPStatus.SEE_OTHER)
        cookie = quote(f"{tone}|{text}")
        answer.set_cookie(
            NOTICE_COOKIE, cookie, _NOTICE_SECONDS, path="/admin/", httponly=True, samesite="strict",
            secure=self.request.headers.get("x-forwarded-proto") == "https",
        )  # fmt: skip
        return answer

    async def attempt(self, method: str, path: str, *, to: str, done: str, **kwargs: Any) -> RedirectResponse:
        """Do one thing and go to a page that says whether it was done; what ends the visit is raised."""
        try:
            await self.api.call(method, path, **kwargs)
        except ApiRefused as refusal:
            if refusal.code == "csrf_failed" or refusal.status == HTTPStatus.UNAUTHORIZED:
                raise
            return self.go(to, sentence_of(refusal), tone="bad")
        return self.go(to, done)


def sentence_of(refusal: ApiRefused) -> str:
    """Return a refusal in one line, with the fields that are at fault."""
    faults = [sentence for found in refusal.details.values() if isinstance(found, list) for sentence in found]
    return " ".join([refusal.message, *map(str, faults)])


def refuse_foreign_forms(request: Request) -> None:
    """Refuse what another site's page sends: signing in has no token yet that could tell.

    Raises:
        ApiRefused: the browser names another origin.
    """
    origin = request.headers.get("origin")
    if request.method == "POST" and origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise ApiRefused(HTTPStatus.FORBIDDEN, "csrf_failed", "This form was sent from another site.")


async def begin_visit(request: Request) -> Visit:
    """Return the visit of whoever the session's cookie names.

    Raises:
        ApiRefused: there is no living session, or the quota is used up.
    """
    form = await request.form() if request.method == "POST" else FormData()
    csrf_token = str(form.get("csrf_token", ""))
    api = Api(request.app.state.dashboard.backends, request, csrf_token)
    session = await api.get(SESSION_PATH)
    user = session["user"]
    person = Person(user["first_name"], user["email"], user["role"], session["csrf_token"])
    return Visit(request, person, api, form, request.app.state.dashboard.shop_name)


SignedIn = Annotated[Visit, Depends(begin_visit)]


def admins_only(visit: SignedIn) -> Visit:
    """Return the visit if it is an admin's; the API would refuse the others as well.

    Raises:
        ApiRefused: it is not.
    """
    if not visit.person.is_admin:
        raise ApiRefused(HTTPStatus.FORBIDDEN, "forbidden", "This part of the dashboard is for admins.")
    return visit


AdminVisit = Annotated[Visit, Depends(admins_only)]
