"""The page where the customer pays, and a list of transactions for the developer."""

import re
from urllib.parse import urlencode

import jinja2
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from shopsite_local.paystack import domain, payments, refunds, repository
from shopsite_local.paystack.models import Transaction
from shopsite_local.paystack.simulator import Simulator

LISTED = 200
SEE_OTHER = 303
PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


def _money(subunits: int, currency: str) -> str:
    return f"{currency} {subunits / 100:,.2f}"


def _card_number(number: str) -> str:
    return " ".join(re.findall("....?", number))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(loader=jinja2.PackageLoader("shopsite_local.paystack"), autoescape=True)
    environment.filters |= {"money": _money, "card": _card_number, "iso": domain.iso}
    return environment


TEMPLATES = Jinja2Templates(env=_environment())


def _find(request: Request) -> tuple[Simulator, Transaction]:
    simulator: Simulator = request.app.state.simulator
    found = repository.find_transaction(simulator.db, access_code=request.path_params["access_code"])
    if not found:
        raise HTTPException(404)
    return simulator, found


def _page(request: Request, transaction: Transaction, *, problem: str = "", status: int = 200) -> Response:
    simulator: Simulator = request.app.state.simulator
    context = {
        "transaction": transaction,
        "channels": transaction.channels or list(domain.CHANNELS),
        "cards": domain.CARDS.values(),
        "problem": problem,
        "expired": payments.is_expired(simulator, transaction),
        "leave_to": return_url(transaction),
    }
    return TEMPLATES.TemplateResponse(request, "checkout.html", context, status_code=status, headers=PAGE_HEADERS)


async def show(request: Request) -> Response:
    """Shows the page of one transaction."""
    _, transaction = _find(request)
    return _page(request, transaction)


async def submit(request: Request) -> Response:
    """Takes a button, a card, a PIN or a one-time code, and sends the customer back when it is over."""
    simulator, transaction = _find(request)
    form = await request.form()
    if transaction.is_paid:
        return _back(request, transaction)
    if payments.is_expired(simulator, transaction):
        return _page(request, transaction, problem="This payment session has ended.", status=410)
    if "outcome" in form:
        return _button(request, transaction, form)
    return _card(request, transaction, form)


def _button(request: Request, transaction: Transaction, form: FormData) -> Response:
    simulator: Simulator = request.app.state.simulator
    outcome, allowed = _text(form, "outcome"), transaction.channels or domain.CHANNELS
    channel = _text(form, "channel") or allowed[0]
    if channel not in allowed:
        return _page(request, transaction, problem=f"This payment can't be made by {channel}.", status=400)
    if outcome == "success":
        return _back(request, payments.pay(simulator, transaction, channel=channel))
    if outcome == "failed":
        return _back(request, payments.decline(simulator, transaction, channel=channel))
    if outcome == "abandoned":
        return _back(request, payments.abandon(simulator, transaction), cancelled=True)
    return _page(request, transaction, problem="outcome is one of success, failed, abandoned.", status=400)


def _card(request: Request, transaction: Transaction, form: FormData) -> Response:
    simulator: Simulator = request.app.state.simulator
    if "card_number" in form:
        number, cvv = re.sub(r"\D", "", _text(form, "card_number")), _text(form, "cvv").strip()
        if not _is_future(_text(form, "expiry"), now=simulator.now()):
            return _page(request, transaction, problem="The card has expired; write MM/YY.", status=400)
        tried = payments.try_card(simulator, transaction, number=number, cvv=cvv)
    elif transaction.challenge and transaction.challenge in form:
        answer = _text(form, transaction.challenge).strip()
        tried = payments.answer_challenge(simulator, transaction, answer)
    else:
        return _page(request, transaction, problem="Nothing was sent.", status=400)
    if tried.is_paid:
        return _back(request, tried)
    # As on the real page, a declined customer stays and may try another card.
    return _page(request, tried, problem=tried.gateway_response if tried.status == "failed" else "")


def _is_future(expiry: str, *, now: float) -> bool:
    found = re.fullmatch(r"\s*(0[1-9]|1[0-2])\s*/\s*(?:20)?(\d\d)\s*", expiry)
    this_month = domain.iso(now) or ""
    return bool(found) and f"20{found[2]}-{found[1]}" >= this_month[:7] if found else False


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def return_url(transaction: Transaction, *, cancelled: bool = False) -> str | None:
    """Returns where the customer goes: the callback with the reference, or where a cancelled one is sent."""
    metadata = transaction.metadata if isinstance(transaction.metadata, dict) else {}
    if cancelled and metadata.get("cancel_action"):
        return str(metadata["cancel_action"])
    if not transaction.callback_url:
        return None
    joint = "&" if "?" in transaction.callback_url else "?"
    query = urlencode({"trxref": transaction.reference, "reference": transaction.reference})
    return f"{transaction.callback_url}{joint}{query}"


def _back(request: Request, transaction: Transaction, *, cancelled: bool = False) -> Response:
    url = return_url(transaction, cancelled=cancelled)
    return RedirectResponse(url, SEE_OTHER) if url else _page(request, transaction)


async def index(request: Request) -> Response:
    """Lists the newest transactions for the developer."""
    simulator: Simulator = request.app.state.simulator
    transactions = repository.list_transactions(simulator.db, {}, limit=LISTED)
    returned = {each.id: _returned(simulator, each) for each in transactions}
    context = {"transactions": transactions, "behaviour": simulator.behaviour(), "returned": returned}
    return TEMPLATES.TemplateResponse(request, "index.html", context, headers=PAGE_HEADERS)


def _returned(simulator: Simulator, transaction: Transaction) -> int:
    return transaction.reported_amount - refunds.left_of(simulator, transaction)


ROUTES = [
    Route("/", index, methods=["GET"]),
    Route("/{access_code}", show, methods=["GET"]),
    Route("/{access_code}", submit, methods=["POST"]),
]
