"""The JSON that Paystack shows: transactions, refunds, disputes and events."""

import hashlib
import json
from typing import Any

from shopsite_local.paystack.behaviour import Behaviour
from shopsite_local.paystack.domain import CARDS, DEFAULT_CARD, iso
from shopsite_local.paystack.models import Dispute, Refund, Transaction

INTEGRATION = 100_043
DAY = 86_400


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def _fees(transaction: Transaction) -> int | None:
    """NGN's local tariff, 1.5 % and 100 from 2,500 up; the documents' own samples do not follow it either."""
    if not transaction.is_paid:
        return None
    amount, waiver, flat, most = transaction.reported_amount, 250_000, 10_000, 200_000
    return min(amount * 15 // 1000 + (flat if amount >= waiver else 0), most)


def _metadata(value: Any, shape: str) -> Any:
    shapes: dict[str, Any] = {"empty": "", "zero": 0, "null": None}
    if shape == "text":
        return json.dumps(value)
    return shapes.get(shape, value)


def customer(email: str) -> dict[str, Any]:
    """The customer that Paystack makes of an e-mail."""
    return {
        "id": int(_digest(email, 7), 16),
        "first_name": None,
        "last_name": None,
        "email": email,
        "customer_code": f"CUS_{_digest(email, 15)}",
        "phone": None,
        "metadata": None,
        "risk_action": "default",
        "international_format_phone": None,
    }


def authorization(transaction: Transaction) -> dict[str, Any]:
    """What was paid with; `card_type` bears the trailing blank of Paystack's samples."""
    if not transaction.is_paid:
        return {}
    card = CARDS.get(transaction.card or "", DEFAULT_CARD)
    by_card = transaction.channel == "card"
    return {
        "authorization_code": f"AUTH_{_digest(transaction.reference, 10)}",
        "bin": card.number[:6] if by_card else None,
        "last4": card.number[-4:] if by_card else None,
        "exp_month": "12" if by_card else None,
        "exp_year": "2030" if by_card else None,
        "channel": transaction.channel,
        "card_type": f"{card.brand} " if by_card else None,
        "bank": "TEST BANK",
        "country_code": "NG",
        "brand": card.brand if by_card else None,
        "reusable": by_card,
        "signature": f"SIG_{_digest(card.number, 20)}" if by_card else None,
        "account_name": None,
    }


def log(transaction: Transaction) -> dict[str, Any]:
    """The story of the customer's tries, as verify and the timeline show it."""
    history = transaction.history
    return {
        "start_time": int(transaction.created_at),
        "time_spent": history[-1]["time"] if history else 0,
        "attempts": sum(step["type"] == "action" for step in history),
        "errors": sum(step["type"] == "error" for step in history),
        "success": transaction.is_paid,
        "mobile": False,
        "input": [],
        "channel": transaction.channel,
        "history": history,
    }


def transaction_data(transaction: Transaction, behaviour: Behaviour) -> dict[str, Any]:
    """`data` of verify, fetch and `charge.success`."""
    amount: int | str = transaction.reported_amount
    paid_at, created_at = iso(transaction.paid_at), iso(transaction.created_at)
    return {
        "id": transaction.id,
        "domain": "test",
        "status": transaction.status,
        "reference": transaction.reference,
        "receipt_number": None,
        "amount": str(amount) if behaviour.text_amounts else amount,
        "message": None,
        "gateway_response": transaction.gateway_response,
        "paid_at": paid_at,
        "created_at": created_at,
        "channel": transaction.channel or "card",
        "currency": transaction.reported_currency,
        "ip_address": transaction.ip_address,
        "metadata": _metadata(transaction.metadata, behaviour.metadata_as),
        "log": log(transaction) if transaction.history else None,
        "fees": _fees(transaction),
        "fees_split": None,
        "authorization": authorization(transaction),
        "customer": customer(transaction.email),
        "plan": None,
        "split": {},
        "order_id": None,
        "paidAt": paid_at,
        "createdAt": created_at,
        "requested_amount": transaction.amount,
        "pos_transaction_data": None,
        "source": None,
        "fees_breakdown": None,
        "connect": None,
        "transaction_date": created_at,
        "plan_object": {},
        "subaccount": {},
    }


def listed_transaction(transaction: Transaction, behaviour: Behaviour) -> dict[str, Any]:
    """A row of the list: verify's fields and where the transaction came from."""
    source = {
        "source": "merchant_api",
        "type": "api",
        "entry_point": "transaction_initialize",
        "identifier": None,
    }
    return {**transaction_data(transaction, behaviour), "source": source}


def refund_data(refund: Refund, transaction: Transaction) -> dict[str, Any]:
    """A refund as fetch and list show it: the transaction by its number."""
    return {
        "integration": INTEGRATION,
        "transaction": refund.transaction_id,
        "transaction_reference": transaction.reference,
        "dispute": None,
        "settlement": None,
        "id": refund.id,
        "domain": "test",
        "currency": refund.currency,
        "amount": refund.amount,
        "status": refund.status,
        "refunded_at": iso(refund.updated_at) if refund.status == "processed" else None,
        "refunded_by": refund.refunded_by,
        "expected_at": iso(refund.created_at + 10 * DAY),
        "customer_note": refund.customer_note,
        "merchant_note": refund.merchant_note,
        "channel": transaction.channel,
        "deducted_amount": refund.amount if refund.status == "processed" else 0,
        "fully_deducted": refund.status == "processed",
        "createdAt": iso(refund.created_at),
        "updatedAt": iso(refund.updated_at),
    }


def created_refund(refund: Refund, transaction: Transaction, behaviour: Behaviour) -> dict[str, Any]:
    """A refund as its creation answers: the transaction in full."""
    return {**refund_data(refund, transaction), "transaction": transaction_data(transaction, behaviour)}


def refund_event(refund: Refund, transaction: Transaction, behaviour: Behaviour) -> dict[str, Any]:
    """`data` of a refund's event: the amount is a string on the good way and a number at a bad end."""
    is_text = refund.status in {"pending", "processing", "processed"} or behaviour.text_amounts
    data: dict[str, Any] = {
        "status": refund.status,
        "transaction_reference": transaction.reference,
        "refund_reference": str(refund.id * 31) if refund.status == "processed" else None,
        "amount": str(refund.amount) if is_text else refund.amount,
        "currency": refund.currency,
        "processor": "instant-transfer",
        "customer": {"first_name": None, "last_name": None, "email": transaction.email},
        "integration": INTEGRATION,
        "domain": "test",
    }
    return {**data, "id": refund.id} if refund.status == "needs-attention" else data


def dispute_data(dispute: Dispute, transaction: Transaction, behaviour: Behaviour) -> dict[str, Any]:
    """A dispute as its events show it."""
    card = CARDS.get(transaction.card or "", DEFAULT_CARD)
    opened = iso(dispute.created_at)
    return {
        "id": dispute.id,
        "refund_amount": dispute.amount,
        "currency": transaction.reported_currency,
        "status": dispute.status,
        "resolution": dispute.resolution,
        "domain": "test",
        "transaction": transaction_data(transaction, behaviour),
        "transaction_reference": None,
        "category": "chargeback",
        "customer": customer(transaction.email),
        "bin": card.number[:6],
        "last4": card.number[-4:],
        "dueAt": iso(dispute.created_at + DAY),
        "resolvedAt": iso(dispute.resolved_at),
        "evidence": None,
        "attachments": None,
        "note": None,
        "history": [{"status": "pending", "by": transaction.email, "createdAt": opened}],
        "messages": [{"sender": transaction.email, "body": dispute.reason, "createdAt": opened}],
        "created_at": opened,
        "updated_at": iso(dispute.updated_at),
    }
