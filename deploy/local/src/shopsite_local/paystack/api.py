"""The paths of api.paystack.co that the shop may call."""

from typing import Any

from starlette.routing import Route

from shopsite_local.paystack import bodies, domain, errors, payments, refunds, repository
from shopsite_local.paystack.calls import Call, Handler, Reply, api
from shopsite_local.paystack.models import Refund
from shopsite_local.paystack.simulator import Simulator

LARGEST_PAGE = 1000


def initialize(simulator: Simulator, call: Call) -> Reply:
    """Begins a transaction."""
    begun = payments.begin(simulator, call.body, ip_address=call.ip_address)
    behaviour = simulator.behaviour(begun.reference)
    if behaviour.pay_on_initialize:
        payments.pay(simulator, begun, channel="card")
    data = {
        "authorization_url": f"{simulator.options.public_url}/{begun.access_code}",
        "access_code": begun.access_code,
        "reference": begun.reference,
    }
    events_first = begun.reference if behaviour.pay_on_initialize else ""
    return Reply(message="Authorization URL created", data=data, events_first=events_first)


def verify(simulator: Simulator, call: Call) -> Reply:
    """Says what became of a transaction."""
    found = repository.find_transaction(simulator.db, reference=call.path["key"])
    if not found:
        raise errors.unknown_transaction()
    data = bodies.transaction_data(found, simulator.behaviour(found.reference))
    return Reply(message="Verification successful", data=data)


def verify_nothing(_simulator: Simulator, _call: Call) -> Reply:
    """A verify without a reference reaches Paystack's fetch by number."""
    raise errors.Refused("Transaction ID should be numeric.")


def fetch(simulator: Simulator, call: Call) -> Reply:
    """Reads one transaction by its number."""
    found = payments.get_by_id(simulator, _number(call.path["key"], "Transaction ID should be numeric."))
    data = bodies.transaction_data(found, simulator.behaviour(found.reference))
    return Reply(message="Transaction retrieved", data=data)


def timeline(simulator: Simulator, call: Call) -> Reply:
    """Tells what the customer tried."""
    return Reply(message="Timeline retrieved", data=bodies.log(payments.get(simulator, call.path["key"])))


def list_transactions(simulator: Simulator, call: Call) -> Reply:
    """Lists transactions, newest first: the feed of a reconciliation."""
    where = _filters(call, {"status": "status = ?", "amount": "coalesce(paid_amount, amount) = ?"})
    if call.query.get("customer"):
        emails = {each.email for each in repository.list_transactions(simulator.db, {})}
        wanted = [email for email in emails if str(bodies.customer(email)["id"]) == call.query["customer"]]
        where["email = ?"] = wanted[0] if wanted else None
    count, volume = repository.sum_transactions(simulator.db, where)
    size, page = _page(call)
    found = repository.list_transactions(simulator.db, where, limit=size, offset=(page - 1) * size)
    rows = [bodies.listed_transaction(each, simulator.behaviour(each.reference)) for each in found]
    meta = _meta(count, size, page) | {"total_volume": volume}
    return Reply(message="Transactions retrieved", data=rows, meta=meta)


def create_refund(simulator: Simulator, call: Call) -> Reply:
    """Begins a refund; it moves on by itself."""
    transaction = payments.get(simulator, str(call.body.get("transaction") or ""))
    refund = refunds.request(simulator, transaction, refunds.wanted(call.body))
    data = bodies.created_refund(refund, transaction, simulator.behaviour(transaction.reference))
    return Reply(message="Refund has been queued for processing", data=data)


def fetch_refund(simulator: Simulator, call: Call) -> Reply:
    """Reads one refund."""
    refund = refunds.get(simulator, _number(call.path["refund_id"], "Refund ID should be numeric."))
    return Reply(message="Refund retrieved", data=_refund_row(simulator, refund))


def list_refunds(simulator: Simulator, call: Call) -> Reply:
    """Lists refunds, newest first, of one transaction or of all."""
    where = _filters(call, {"currency": "currency = ?"})
    if call.query.get("transaction"):
        found = repository.find_transaction(simulator.db, reference=call.query["transaction"])
        where["transaction_id = ?"] = found.id if found else call.query["transaction"]
    size, page = _page(call)
    rows = repository.list_refunds(simulator.db, where, limit=size, offset=(page - 1) * size)
    meta = _meta(repository.count_refunds(simulator.db, where), size, page)
    return Reply(message="Refunds retrieved", data=[_refund_row(simulator, row) for row in rows], meta=meta)


def retry_refund(simulator: Simulator, call: Call) -> Reply:
    """Gives a refund that needs attention the customer's account, so that it goes on."""
    number = _number(call.path["refund_id"], "Refund ID should be numeric.")
    refund = refunds.retry(simulator, number)
    return Reply(message="Refund retried and has been queued for processing", data=_refund_row(simulator, refund))


def _refund_row(simulator: Simulator, refund: Refund) -> dict[str, Any]:
    return bodies.refund_data(refund, payments.get_by_id(simulator, refund.transaction_id))


def get_timeout(simulator: Simulator, _call: Call) -> Reply:
    """Reads how long a page can be paid, 0 for ever."""
    seconds = repository.get_integration(simulator.db, payments.SESSION_TIMEOUT)
    return Reply(message="Payment session timeout retrieved", data={payments.SESSION_TIMEOUT: seconds})


def set_timeout(simulator: Simulator, call: Call) -> Reply:
    """Sets how long a page can be paid, 0 for ever."""
    seconds = _number(str(call.body.get("timeout")), "Timeout should be a number of seconds")
    repository.set_integration(simulator.db, payments.SESSION_TIMEOUT, seconds)
    return Reply(message="Payment session timeout updated", data={payments.SESSION_TIMEOUT: seconds})


def _number(text: str, complaint: str) -> int:
    if not domain.is_number(text):
        raise errors.Refused(complaint)
    return int(text)


def _filters(call: Call, known: dict[str, str]) -> dict[str, Any]:
    where: dict[str, Any] = {known[name]: call.query[name] for name in known if call.query.get(name)}
    bounds = {"from": "created_at >= ?", "to": "created_at <= ?"}
    times = {bounds[name]: domain.seconds_of(call.query[name]) for name in bounds if call.query.get(name)}
    return where | times


def _page(call: Call) -> tuple[int, int]:
    size = _number(call.query.get("perPage") or "50", "perPage should be a number")
    page = _number(call.query.get("page") or "1", "page should be a number")
    return max(1, min(size, LARGEST_PAGE)), max(1, page)


def _meta(count: int, size: int, page: int) -> dict[str, Any]:
    return {
        "total": count,
        "skipped": (page - 1) * size,
        "perPage": size,
        "page": page,
        "pageCount": -(-count // size),
    }


def _route(path: str, method: str, handler: Handler) -> Route:
    return Route(path, api(handler), methods=[method])


ROUTES = [
    _route("/transaction/initialize", "POST", initialize),
    _route("/transaction/verify", "GET", verify_nothing),
    _route("/transaction/verify/", "GET", verify_nothing),
    _route("/transaction/verify/{key}", "GET", verify),
    _route("/transaction/timeline/{key}", "GET", timeline),
    _route("/transaction", "GET", list_transactions),
    _route("/transaction/{key}", "GET", fetch),
    _route("/refund", "POST", create_refund),
    _route("/refund", "GET", list_refunds),
    _route("/refund/retry_with_customer_details/{refund_id}", "POST", retry_refund),
    _route("/refund/{refund_id}", "GET", fetch_refund),
    _route("/integration/payment_session_timeout", "GET", get_timeout),
    _route("/integration/payment_session_timeout", "PUT", set_timeout),
]
