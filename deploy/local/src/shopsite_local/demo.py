"""`make demo`: buys something on the running shop, and shows each step with its time, the events and the mails."""

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import psycopg2

from shopsite_local.problems import RunnerError

_SERVICES = ("identity", "catalog", "orders", "payments", "notifications")
_PASSWORD = "securepassword123"  # noqa: S105 - of an account that this demonstration makes
_WAIT_SECONDS = 30.0


class Demo:
    """One customer's purchase.

    Args:
        known: the addresses of the running shop, as `make env` prints them.
        say: prints a line.
    """

    def __init__(self, known: Mapping[str, str], say: Callable[[str], None] = print) -> None:
        self._known = known
        self._say = say
        self._http = httpx.Client(base_url=known["SHOPSITE_URL"], timeout=15)
        self._email = f"demo-{secrets.token_hex(4)}@example.com"
        self._began = time.time()
        self._marks: list[str] = [self._email]  # what this purchase's events bear: others buy at the same time

    def run(self) -> None:
        """Sign up, buy, pay, ship; then show what was told by events and by mail."""
        with self._http:
            self._buy()
            self._show_mails(4)
        self._show_events()

    def _buy(self) -> None:
        self._say(f"{'ms':>7}  step")
        customer = self._sign_up()
        product = self._step("find a product", "GET", "/api/products/?is_in_stock=true&ordering=-price")["results"][0]
        line = {"product": product["id"], "quantity": 1}
        self._step(f"put {product['name']!r} into the cart", "POST", "/api/cart-items/", json=line, headers=customer)
        addresses = {"shipping_address": "123 Main St, Lagos", "billing_address": "123 Main St, Lagos"}
        order = self._step("check out", "POST", "/api/checkout/", json=addresses, headers=customer)
        self._marks += [order["id"], order["customer"], product["id"]]
        self._pay(order, customer)
        self._await_status(order, customer, "PROCESSING")
        admin = self._token(self._known["SHOPSITE_ADMIN_EMAIL"], self._known["SHOPSITE_ADMIN_PASSWORD"])
        parcel = {"tracking_number": f"TRACK-{secrets.token_hex(3).upper()}", "carrier": "DHL"}
        self._step("ship it", "POST", f"/api/orders/{order['id']}/mark_as_shipped/", json=parcel, headers=admin)
        self._step("complete it", "POST", f"/api/orders/{order['id']}/mark_as_completed/", headers=admin)

    def _sign_up(self) -> dict[str, str]:
        names = {"first_name": "Ada", "last_name": "Obi", "password": _PASSWORD, "confirm_password": _PASSWORD}
        self._step("sign up", "POST", "/api/signup/", json={"email": self._email, **names})
        return self._token(self._email, _PASSWORD)

    def _token(self, email: str, password: str) -> dict[str, str]:
        answer = self._step("sign in", "POST", "/api/token/", json={"email": email, "password": password})
        return {"Authorization": f"Bearer {answer['access']}"}

    def _pay(self, order: Mapping[str, Any], customer: Mapping[str, str]) -> None:
        body = {"order_id": order["id"]}
        begun = self._step(
            f"begin to pay {order['currency']} {order['total']}", "POST", "/api/pay/", json=body, headers=customer
        )
        self._step("pay on Paystack's page", "POST", begun["data"]["authorization_url"], data={"outcome": "success"})

    def _step(self, name: str, method: str, path: str, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            answer = self._http.request(method, path, **kwargs)
        except httpx.TransportError as problem:
            sentence = f"The demonstration ended at {name!r}: nobody answered."
            raise RunnerError(sentence, "make ps shows who is away") from problem
        self._say(f"{(time.perf_counter() - began) * 1000:7.0f}  {name}: {answer.status_code}")
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise RunnerError(f"The demonstration ended at {name!r}.", answer.text[:500])
        return answer.json() if "json" in answer.headers.get("content-type", "") else None

    def _await_status(self, order: Mapping[str, Any], customer: Mapping[str, str], status: str) -> None:
        began = time.perf_counter()
        self._until(lambda: self._status(order, customer) == status, f"order {order['number']} is not {status}")
        self._say(f"{(time.perf_counter() - began) * 1000:7.0f}  order {order['number']} is {status}")

    def _status(self, order: Mapping[str, Any], customer: Mapping[str, str]) -> str:
        return str(self._http.get(f"/api/orders/{order['id']}/", headers=dict(customer)).json()["status"])

    def _until(self, condition: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + _WAIT_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise RunnerError(f"{complaint} after {_WAIT_SECONDS:.0f} s.", "make logs shows why")
            time.sleep(0.05)

    def _show_mails(self, expected: int) -> None:
        self._until(lambda: len(self._mails()) >= expected, "Not all mails have arrived")
        self._say(f"\nMails to {self._email} (read them at {self._known['MAIL_URL']}/):")
        for mail in reversed(self._mails()):
            self._say(f"  {mail['Subject']}")

    def _mails(self) -> list[dict[str, Any]]:
        url = f"{self._known['MAIL_URL']}/api/v1/search"
        found: list[dict[str, Any]] = self._http.get(url, params={"query": f"to:{self._email}"}).json()["messages"]
        return found

    def _show_events(self) -> None:
        rows = sorted(row for service in _SERVICES for row in self._events_of(service))
        self._say("\nEvents (ms from the beginning; ms from commit to confirmed by the broker):")
        for at, service, name, waited in rows:
            self._say(f"  {(at - self._began) * 1000:7.0f}  {waited:5.0f}  {service}.{name}")

    def _events_of(self, service: str) -> list[tuple[float, str, str, float]]:
        statement = """
            SELECT extract(epoch FROM created_at), type, 1000 * extract(epoch FROM sent_at - created_at)
            FROM outbox WHERE created_at >= to_timestamp(%s) AND sent_at IS NOT NULL
              AND (subject = ANY(%s) OR data::text LIKE ANY(%s))
        """
        connection = psycopg2.connect(self._known[f"DATABASE_URL_{service.upper()}"])
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, (self._began, self._marks, [f"%{mark}%" for mark in self._marks]))
                return [(float(at), service, name, float(waited)) for at, name, waited in cursor.fetchall()]
        finally:
            connection.close()
