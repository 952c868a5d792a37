"""Paystack's refusals: status, sentence, type and code as published."""

from typing import Any


class Refused(Exception):
    """An API call that Paystack turns down."""

    def __init__(
        self, message: str, *, status: int = 400, kind: str | None = None, code: str | None = None, next_step: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.next_step = next_step

    def body(self) -> dict[str, Any]:
        """The envelope; older endpoints of Paystack give the sentence alone, newer ones its type and code."""
        envelope: dict[str, Any] = {"status": False, "message": self.message}
        if self.next_step:
            envelope["meta"] = {"nextStep": self.next_step}
        if self.kind:
            envelope |= {"type": self.kind, "code": self.code}
        return envelope


def invalid_key() -> Refused:
    """No key, or not ours."""
    return Refused("Invalid key", status=401)


def missing_email() -> Refused:
    """A transaction needs the customer's e-mail."""
    return Refused(
        "Email Address is required",
        kind="validation_error",
        code="missing_params",
        next_step="Provide all required params",
    )


def invalid_params(message: str) -> Refused:
    """A parameter that can't be read or is not allowed."""
    return Refused(message, kind="validation_error", code="invalid_params", next_step="Check the parameters sent")


def invalid_amount() -> Refused:
    """Not a whole number of subunits within the currency's bounds."""
    return Refused("Invalid Amount Sent")


def unsupported_currency() -> Refused:
    """A currency that the integration has not switched on."""
    return Refused("Currency not supported by merchant", kind="validation_error", code="unsupported_currency")


def duplicate_reference() -> Refused:
    """A reference is used once, whatever became of it."""
    return Refused(
        "Duplicate Transaction Reference",
        kind="validation_error",
        code="duplicate_reference",
        next_step="Try and create the Transaction or Charge with a new reference",
    )


def unknown_transaction() -> Refused:
    """No transaction has this reference or id."""
    return Refused(
        "Transaction reference not found",
        status=404,
        kind="validation_error",
        code="transaction_not_found",
        next_step="Ensure that you're passing the reference of a transaction that exists on this integration",
    )


def fully_reversed() -> Refused:
    """All that was paid has gone back, or is on its way."""
    return Refused("Transaction has been fully reversed", kind="api_error", code="transaction_reversed")


def refund_too_big() -> Refused:
    """More than is left of what was paid."""
    return Refused("Refund amount cannot be greater than initial amount")


def not_paid() -> Refused:
    """Only what was paid can go back."""
    return Refused("Only successful transactions can be refunded", kind="validation_error", code="invalid_params")


def not_found(what: str) -> Refused:
    """An object or a path that does not exist."""
    return Refused(f"{what} not found", status=404)
