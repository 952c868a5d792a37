"""The simulator's own endpoints, under `/_simulator`: settings, what happened, and what the dashboard does."""

import json
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shopsite_local.faults import js_compact
from shopsite_local.paystack import disputes, domain, errors, payments, refunds, repository, webhooks
from shopsite_local.paystack.calls import read_body
from shopsite_local.paystack.courier import Courier
from shopsite_local.paystack.models import Delivery, Transaction
from shopsite_local.paystack.simulator import Simulator

MANY = 1000
ENDINGS = ("processed", "failed", "needs-attention")


def _simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


def _courier(request: Request) -> Courier:
    courier: Courier = request.app.state.courier
    return courier


async def read_settings(request: Request) -> Response:
    """Answers the settings in force, with `?reference=` those of one transaction."""
    reference = request.query_params.get("reference", "")
    return JSONResponse(_simulator(request).behaviour(reference).model_dump())


async def change_settings(request: Request) -> Response:
    """Changes any of the settings; with `reference` in the body for that transaction alone."""
    patch = await read_body(request)
    reference = str(patch.pop("reference", "") or "")
    try:
        changed = _simulator(request).change_behaviour(patch, reference=reference)
    except ValidationError as error:
        details = [{"field": ".".join(map(str, each["loc"])), "message": each["msg"]} for each in error.errors()]
        return JSONResponse({"status": False, "message": "Invalid settings", "errors": details}, status_code=400)
    return JSONResponse(changed.model_dump())


async def list_transactions(request: Request) -> Response:
    """Lists every transaction, newest first, with its refunds."""
    simulator = _simulator(request)
    found = repository.list_transactions(simulator.db, {})
    return JSONResponse([_transaction(simulator, each) for each in found])


async def read_transaction(request: Request) -> Response:
    """Shows one transaction as the list does."""
    simulator = _simulator(request)
    return JSONResponse(_transaction(simulator, payments.get(simulator, request.path_params["reference"])))


def _transaction(simulator: Simulator, transaction: Transaction) -> dict[str, Any]:
    own = reversed(repository.list_refunds(simulator.db, {"transaction_id = ?": transaction.id}))
    return {
        "id": transaction.id,
        "reference": transaction.reference,
        "amount": transaction.reported_amount,
        "requested_amount": transaction.amount,
        "currency": transaction.reported_currency,
        "status": transaction.status,
        "paid_at": domain.iso(transaction.paid_at),
        "channel": transaction.channel,
        "refunds": [{"id": each.id, "amount": each.amount, "status": each.status} for each in own],
        "metadata": transaction.metadata,
        "email": transaction.email,
        "callback_url": transaction.callback_url,
        "authorization_url": f"{simulator.options.public_url}/{transaction.access_code}",
        "created_at": domain.iso(transaction.created_at),
    }


async def refund(request: Request) -> Response:
    """Refunds as the dashboard does: `{amount?, outcome?}`, where outcome is how it shall end."""
    simulator, body = _simulator(request), await read_body(request)
    outcome = body.get("outcome")
    if outcome not in (None, *ENDINGS):
        raise errors.invalid_params(f"outcome is one of {', '.join(ENDINGS)}")
    transaction = payments.get(simulator, request.path_params["reference"])
    asked = refunds.wanted(body, refunded_by="dashboard@simulator.example", ending=outcome)
    made = refunds.request(simulator, transaction, asked)
    return JSONResponse({"id": made.id, "amount": made.amount, "status": made.status})


async def open_dispute(request: Request) -> Response:
    """Opens a dispute: `{amount?, reason?}`."""
    simulator, body = _simulator(request), await read_body(request)
    transaction = payments.get(simulator, request.path_params["reference"])
    amount = domain.subunits(body["amount"]) if body.get("amount") else None
    reason = str(body.get("reason") or "Customer complained about debit without value")
    dispute = disputes.open_dispute(simulator, transaction, amount=amount, reason=reason)
    return JSONResponse(disputes.summary(simulator, dispute))


async def list_disputes(request: Request) -> Response:
    """Lists every dispute, newest first."""
    simulator = _simulator(request)
    found = repository.list_disputes(simulator.db, {})
    return JSONResponse([disputes.summary(simulator, each) for each in found])


async def remind_dispute(request: Request) -> Response:
    """Sends the reminder of an open dispute."""
    simulator = _simulator(request)
    dispute = disputes.remind(simulator, request.path_params["dispute_id"])
    return JSONResponse(disputes.summary(simulator, dispute))


async def resolve_dispute(request: Request) -> Response:
    """Ends a dispute: `{resolution}`, by default `merchant-accepted`."""
    simulator, body = _simulator(request), await read_body(request)
    resolution = str(body.get("resolution") or "merchant-accepted")
    dispute = disputes.resolve(simulator, request.path_params["dispute_id"], resolution=resolution)
    return JSONResponse(disputes.summary(simulator, dispute))


async def resend(request: Request) -> Response:
    """Sends the last webhook of a transaction again, at once and whatever the mode: `{event?}`."""
    body, reference = await read_body(request), request.path_params["reference"]
    event = str(body.get("event") or "charge.success")
    delivery_id = webhooks.copy_last(_simulator(request), reference, event)
    sent = await _courier(request).send_now(delivery_id)
    return JSONResponse(_deliveries(_simulator(request), [sent])[0])


async def send_webhook(request: Request) -> Response:
    """Sends an event of any kind once: `{event, data, signature?: "good" | "bad"}`."""
    simulator, body = _simulator(request), await read_body(request)
    payload = {"event": body.get("event"), "data": body.get("data")}
    key = webhooks.WRONG_KEY if body.get("signature") == "bad" else simulator.options.secret_key
    delivery_id = webhooks.queue(
        simulator, str(body.get("event")), "", js_compact(payload), key=key, due=simulator.now()
    )
    return JSONResponse(_deliveries(simulator, [await _courier(request).send_now(delivery_id)])[0])


async def list_deliveries(request: Request) -> Response:
    """Lists webhooks, newest first, with every try; `?reference=` and `?event=` narrow it."""
    simulator, query = _simulator(request), request.query_params
    where = {f"{name} = ?": query[name] for name in ("reference", "event", "state") if query.get(name)}
    return JSONResponse(_deliveries(simulator, repository.list_deliveries(simulator.db, where, limit=MANY)))


def _deliveries(simulator: Simulator, deliveries: list[Delivery]) -> list[dict[str, Any]]:
    tries = repository.list_tries(simulator.db, [each.id for each in deliveries])
    return [
        {
            "id": each.id,
            "event": each.event,
            "reference": each.reference,
            "url": each.url,
            "state": each.state,
            "signature": each.signature,
            "body": json.loads(each.body),
            "tries": [_try(one) for one in tries if one["delivery_id"] == each.id],
            "next_try_at": domain.iso(each.next_at),
            "created_at": domain.iso(each.created_at),
        }
        for each in deliveries
    ]


def _try(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": domain.iso(one["at"]),
        "status_code": one["status_code"],
        "error": one["error"],
        "milliseconds": one["milliseconds"],
    }


async def reset(request: Request) -> Response:
    """Forgets all data and settings."""
    _simulator(request).reset()
    return JSONResponse({"status": True, "message": "Simulator reset"})


ROUTES = [
    Route("/_simulator/settings", read_settings, methods=["GET"]),
    Route("/_simulator/settings", change_settings, methods=["POST"]),
    Route("/_simulator/transactions", list_transactions, methods=["GET"]),
    Route("/_simulator/transactions/{reference}", read_transaction, methods=["GET"]),
    Route("/_simulator/transactions/{reference}/refund", refund, methods=["POST"]),
    Route("/_simulator/transactions/{reference}/dispute", open_dispute, methods=["POST"]),
    Route("/_simulator/disputes", list_disputes, methods=["GET"]),
    Route("/_simulator/disputes/{dispute_id:int}/remind", remind_dispute, methods=["POST"]),
    Route("/_simulator/disputes/{dispute_id:int}/resolve", resolve_dispute, methods=["POST"]),
    Route("/_simulator/webhooks/{reference}/resend", resend, methods=["POST"]),
    Route("/_simulator/webhooks", send_webhook, methods=["POST"]),
    Route("/_simulator/deliveries", list_deliveries, methods=["GET"]),
    Route("/_simulator", reset, methods=["DELETE"]),
]
