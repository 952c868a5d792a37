"""`make story`: prints all that happened around an order, as the dashboard's page of it tells an admin."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from shopsite_local.problems import RunnerError

_PAGE = 100
_INDENT = " " * 16


class Storyteller:
    """An admin of the running shop who looks an order up.

    Args:
        known: the addresses of the running shop, as `make env` prints them.
        say: prints a line.
    """

    def __init__(self, known: Mapping[str, str], say: Callable[[str], None] = print) -> None:
        self._known = known
        self._say = say
        self._http = httpx.Client(base_url=known["SHOPSITE_URL"], timeout=15)

    def tell(self, name: str) -> None:
        """Print the story of an order, by its id or its number (``SO-20261124-7F3K9Q``).

        Raises:
            RunnerError: there is no such order, or the shop does not answer.
        """
        with self._http:
            self._sign_in()
            order = self._get(f"/api/orders/{self._id_of(name)}/", name)
            payments = self._get("/api/payment/", name, order=order["id"])["results"]
            self._say_order(order, payments)
            for entry in self._get(f"/api/orders/{order['id']}/timeline/", name):
                self._say_entry(entry)

    def _sign_in(self) -> None:
        pair = {"email": self._known["SHOPSITE_ADMIN_EMAIL"], "password": self._known["SHOPSITE_ADMIN_PASSWORD"]}
        token = self._answer("POST", "/api/token/", "", json=pair)["access"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def _id_of(self, name: str) -> str:
        try:
            return str(UUID(name))
        except ValueError:
            return self._id_by_number(name.upper())

    def _id_by_number(self, number: str) -> str:
        """Look through the orders of the day that stands in the number."""
        try:
            day = datetime.strptime(number[3:11] + "+0000", "%Y%m%d%z")
        except ValueError as error:
            hint = "An id or a number, as in a mail's subject or in the dashboard: make story ORDER=SO-20261124-7F3K9Q"
            raise RunnerError(f"{number!r} is neither an order's id nor its number.", hint) from error
        span = {"created_at__gte": day.isoformat(), "created_at__lte": (day + timedelta(days=1)).isoformat()}
        page = self._get("/api/orders/", number, **span, page_size=_PAGE)
        while True:
            for order in page["results"]:
                if order["number"] == number:
                    return str(order["id"])
            if page["next"] is None:
                raise _unknown(number)
            page = self._answer("GET", page["next"], number)

    def _get(self, path: str, name: str, **params: Any) -> Any:
        return self._answer("GET", path, name, params=params)

    def _answer(self, method: str, path: str, name: str, **kwargs: Any) -> Any:
        try:
            answer = self._http.request(method, path, **kwargs)
        except httpx.TransportError as error:
            raise RunnerError("The shop does not answer.", f"{type(error).__name__} at {method} {path}") from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise _unknown(name)
        if answer.is_error:
            raise RunnerError(f"{method} {path} answered {answer.status_code}.", answer.text)
        return answer.json()

    def _say_order(self, order: Mapping[str, Any], payments: list[dict[str, Any]]) -> None:
        self._say(f"{order['number']}  {order['status']}  {order['currency']} {order['total']}  ({order['id']})")
        for item in order["items"]:
            self._say(f"  {item['quantity']} x {item['name']}, {item['unit_price']} each")
        for payment in payments:
            by = f" by {payment['channel']}" if payment["channel"] else ""
            self._say(f"  payment {payment['reference']}: {payment['status']}{by}")
            for refund in payment["refunds"]:
                self._say(f"  refund of {refund['amount']}: {refund['status']}, {refund['reason']}")

    def _say_entry(self, entry: Mapping[str, Any]) -> None:
        details = dict(entry["details"])
        consumed, published = details.pop("consumed", ""), details.pop("published", "")
        trace = details.pop("trace_id", "")
        by = details.pop("actor_id", "")
        at = datetime.fromisoformat(entry["at"])
        self._say(f"\n{at:%d %b %H:%M:%S}  {entry['text']}  [{entry['actor']}{f' {by}' if by else ''}]")
        told = ", ".join(f"{name} {value}" for name, value in details.items() if value)
        lines = {"": told, "<- ": consumed, "-> ": published, "trace ": trace}
        for mark, text in lines.items():
            if text:
                self._say(f"{_INDENT} {mark}{text}")


def _unknown(name: str) -> RunnerError:
    return RunnerError(f"There is no order {name}.", "The dashboard lists them all: /admin/orders/")
