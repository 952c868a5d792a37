"""Paystack's API as payments uses it. Its answers are read leniently: the documents' own samples vary."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, Protocol
from urllib.parse import quote, urlsplit

import httpx

from shopsite_common.errors import Unavailable
from shopsite_common.http_client import HttpClient
from shopsite_common.logs import get_logger
from shopsite_common.money import from_minor, to_minor
from shopsite_payments.domain.payments import OpenedTransaction, ProviderRefund, RefundStatus, Verification
from shopsite_payments.errors import AnswerLost, PaystackRefused, PaystackUnavailable, TransactionUnknown

log = get_logger(__name__)

_REFUND_STATES = {
    "processed": RefundStatus.PROCESSED,
    "failed": RefundStatus.FAILED,
    "needs-attention": RefundStatus.NEEDS_ATTENTION,
}
_PAGE_SIZE = 100
_MOST_PAGES = 1000
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_DEFAULT_RETRY_SECONDS = 5


class Paystack(Protocol):
    """Who takes the money. Every method raises ``PaystackUnavailable`` when it can't be asked."""

    async def initialize(
        self, *, reference: str, email: str, amount: Decimal, currency: str, callback_url: str, metadata: dict[str, Any]
    ) -> OpenedTransaction:
        """Open a transaction.

        Raises:
            PaystackRefused: it doesn't want it.
            AnswerLost: the transaction may exist, but its page is not known.
        """
        ...

    async def verify(self, reference: str) -> Verification:
        """Return how a transaction stands.

        Raises:
            TransactionUnknown: there is none.
        """
        ...

    def list_transactions(
        self, *, status: str, since: datetime, until: datetime | None = None
    ) -> AsyncIterator[Verification]:
        """Give every transaction of this status begun in that time."""
        ...

    async def create_refund(self, *, reference: str, amount: Decimal, currency: str, note: str) -> ProviderRefund:
        """Ask for money to go back.

        Raises:
            PaystackRefused: it doesn't do it.
            AnswerLost: it may have been done.
        """
        ...

    async def list_refunds(self, reference: str) -> list[ProviderRefund]:
        """Return the refunds of a transaction."""
        ...

    def list_refunded_references(self, *, since: datetime, until: datetime | None = None) -> AsyncIterator[str]:
        """Give the references of transactions of which something was refunded in that time."""
        ...


class HttpPaystack:
    """Paystack over HTTP.

    Args:
        client: bears the secret key as a header; nothing here sees or logs it.
        checkout_hosts: hosts (or host:port) to which a customer may be sent.
        https_only: whether the payment page must be on https, as Paystack's own is.
    """

    def __init__(self, client: HttpClient, *, checkout_hosts: list[str], https_only: bool) -> None:
        self._client = client
        self._checkout_hosts = frozenset(checkout_hosts)
        self._https_only = https_only

    async def initialize(
        self, *, reference: str, email: str, amount: Decimal, currency: str, callback_url: str, metadata: dict[str, Any]
    ) -> OpenedTransaction:
        """Open a transaction under our reference."""
        body = {
            "reference": reference,
            "email": email,
            "amount": to_minor(amount),
            "currency": currency,
            "callback_url": callback_url,
            "metadata": metadata,
        }
        data = _object(await self._post("/transaction/initialize", body))
        url = str(data.get("authorization_url", ""))
        self._check_page(url)
        return OpenedTransaction(
            reference=reference, authorization_url=url, access_code=str(data.get("access_code", ""))
        )

    def _check_page(self, url: str) -> None:
        page = urlsplit(url)
        known = {page.netloc.lower(), (page.hostname or "").lower()} & self._checkout_hosts
        schemes = {"https"} if self._https_only else {"http", "https"}
        if not known or page.scheme not in schemes or page.username is not None:
            log.error("paystack_page_not_allowed", host=page.hostname, scheme=page.scheme)
            raise AnswerLost(answered=True)

    async def verify(self, reference: str) -> Verification:
        """Return how a transaction stands."""
        data = _object(await self._get(f"/transaction/verify/{quote(reference, safe='')}"))
        found = _verification(data)
        if found.reference != reference:
            raise PaystackUnavailable
        return found

    async def list_transactions(
        self, *, status: str, since: datetime, until: datetime | None = None
    ) -> AsyncIterator[Verification]:
        """Give every transaction of this status begun in that time."""
        async for row in self._pages("/transaction", {"status": status, **_between(since, until)}):
            yield _verification(row)

    async def create_refund(self, *, reference: str, amount: Decimal, currency: str, note: str) -> ProviderRefund:
        """Ask for money to go back; the note bears our id, by which the refund is found if the answer is lost."""
        body = {"transaction": reference, "amount": to_minor(amount), "currency": currency, "merchant_note": note}
        return _refund(_object(await self._post("/refund", body)))

    async def list_refunds(self, reference: str) -> list[ProviderRefund]:
        """Return the refunds of a transaction."""
        return [_refund(row) async for row in self._pages("/refund", {"transaction": reference})]

    async def list_refunded_references(self, *, since: datetime, until: datetime | None = None) -> AsyncIterator[str]:
        """Give the references of transactions of which something was refunded in that time."""
        async for row in self._pages("/refund", _between(since, until)):
            nested = row.get("transaction")
            known = nested if isinstance(nested, dict) else {}
            if reference := row.get("transaction_reference") or known.get("reference"):
                yield str(reference)

    async def _pages(self, path: str, query: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        for page in range(1, _MOST_PAGES):
            rows = await self._get(path, {**query, "perPage": _PAGE_SIZE, "page": page})
            if not isinstance(rows, list):
                raise PaystackUnavailable
            for row in rows:
                yield _object(row)
            if len(rows) < _PAGE_SIZE:
                return

    async def _get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        try:
            response = await self._client.request("GET", path, params=query)
        except Unavailable as error:
            raise PaystackUnavailable from error
        try:
            return _data_of(response)
        except TransactionUnknown:
            raise
        except PaystackRefused as error:
            raise PaystackUnavailable from error  # a question is not refused for what it asks

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        try:
            response = await self._client.request("POST", path, json=body)
        except Unavailable as error:
            _raise_lost(error)
        try:
            return _data_of(response)
        except PaystackUnavailable as error:
            if response.is_success:  # it was done, and we can't read what it says
                raise AnswerLost(answered=True) from error
            raise


def _raise_lost(error: Unavailable) -> NoReturn:
    """Tell a call that was never sent from one whose answer is missing."""
    cause = error.__cause__
    if isinstance(cause, _NEVER_SENT):
        raise PaystackUnavailable from error
    if cause is None:
        raise AnswerLost(answered=True) from error  # a 5xx, or the breaker: at worst we look once too often
    raise AnswerLost(answered=False) from error


def _data_of(response: httpx.Response) -> Any:
    """Return ``data`` of the envelope; the envelope's own ``status`` tells of the call, never of the money."""
    try:
        envelope = response.json()
    except ValueError as error:
        raise PaystackUnavailable from error
    if not isinstance(envelope, dict):
        raise PaystackUnavailable
    if response.is_success and envelope.get("status") is True:
        return envelope.get("data")
    raise _refusal(response, envelope)


def _refusal(response: httpx.Response, envelope: Mapping[str, Any]) -> Exception:
    code, message = str(envelope.get("code") or ""), str(envelope.get("message") or "")[:200]
    log.warning("paystack_refused", status=response.status_code, code=code, reason=message)
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return PaystackUnavailable(retry_after=_retry_after(response))
    if response.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN} or message == "Invalid key":
        return PaystackUnavailable()
    if code == "transaction_not_found" or message.startswith("Transaction reference not found"):
        return TransactionUnknown(message)
    return PaystackRefused(message, details={"code": code})


def _retry_after(response: httpx.Response) -> int:
    # the names of Paystack's own headers are not published in a form we could read; these are the usual ones
    value = response.headers.get("retry-after") or response.headers.get("x-ratelimit-reset") or ""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 5 else _DEFAULT_RETRY_SECONDS  # noqa: PLR2004 - under three hours


def _verification(data: Mapping[str, Any]) -> Verification:
    return Verification(
        reference=str(data.get("reference", "")),
        status=str(data.get("status", "")),
        amount=_amount(data.get("amount")),
        currency=str(data.get("currency", "")).upper()[:3],
        transaction_id=_whole(data.get("id")),
        channel=str(data["channel"])[:40] if data.get("channel") else None,
        paid_at=_time(data.get("paid_at") or data.get("paidAt")),
        message=str(data.get("gateway_response") or "")[:200],
    )


def _refund(data: Mapping[str, Any]) -> ProviderRefund:
    number = _whole(data.get("id"))
    if number is None:
        raise PaystackUnavailable
    return ProviderRefund(
        refund_id=number,
        amount=_amount(data.get("amount")),
        currency=str(data.get("currency", "")).upper()[:3],
        status=_REFUND_STATES.get(str(data.get("status", "")), RefundStatus.PENDING),
        note=str(data.get("merchant_note") or ""),
    )


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PaystackUnavailable
    return value


def _amount(value: Any) -> Decimal:
    """Read minor units, sent as a number or as its digits."""
    number = _whole(value)
    if number is None:
        raise PaystackUnavailable
    return from_minor(number)


def _whole(value: Any) -> int | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
        return int(number) if number == number.to_integral_value() else None
    except (InvalidOperation, ValueError, OverflowError):
        return None


def _time(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _between(since: datetime, until: datetime | None) -> dict[str, str]:
    return {"from": _moment(since), **({"to": _moment(until)} if until else {})}


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
