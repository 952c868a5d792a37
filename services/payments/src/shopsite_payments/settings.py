"""Settings of payments: environment variables, checked once at the start."""

from datetime import timedelta
from typing import ClassVar, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from shopsite_common.settings import CommaList, ServiceSettings

_PAYSTACK_HOST = "api.paystack.co"
_SHORTEST_INTERVAL = 0.5


class Settings(ServiceSettings):
    """What payments reads. A setting that is wrong is named without its value: it may be the secret key."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    service: ClassVar[str] = "payments"

    paystack_secret_key: SecretStr = SecretStr("sk_test_change-me")
    paystack_base_url: str = f"https://{_PAYSTACK_HOST}"
    paystack_checkout_hosts: CommaList = Field(default=["checkout.paystack.com"])
    paystack_timeout_seconds: float = Field(default=8.0, gt=0, le=60)
    payment_reconcile_seconds: float = Field(default=60.0, ge=1)
    payment_hold_seconds: int = Field(default=72 * 3600, ge=1)
    payment_sweep_days: int = Field(default=30, ge=1, le=365)
    payment_webhook_keep_days: int = Field(default=90, ge=4)
    shop_return_url: str = ""

    @property
    def reconcile_every(self) -> timedelta:
        """How long an open transaction may stay unverified."""
        return timedelta(seconds=self.payment_reconcile_seconds)

    @property
    def look_every(self) -> timedelta:
        """The pause between two looks for transactions that are due: short beside the interval itself."""
        return timedelta(seconds=min(5.0, max(_SHORTEST_INTERVAL, self.payment_reconcile_seconds / 10)))

    @property
    def hold(self) -> timedelta:
        """How long money that does not fit its order is held for an admin's decision."""
        return timedelta(seconds=self.payment_hold_seconds)

    @field_validator("paystack_secret_key")
    @classmethod
    def _is_secret_key(cls, key: SecretStr) -> SecretStr:
        if not key.get_secret_value().startswith("sk_"):
            raise ValueError("PAYSTACK_SECRET_KEY must be a secret key (sk_...), not a public one")
        return key

    @field_validator("paystack_base_url", "shop_return_url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc):
            raise ValueError("must be an absolute http or https address")
        return url.rstrip("/") if url.count("/") <= len("//") else url

    @field_validator("paystack_checkout_hosts")
    @classmethod
    def _has_hosts(cls, hosts: list[str]) -> list[str]:
        if not hosts:
            raise ValueError("PAYSTACK_CHECKOUT_HOSTS must name at least one host")
        return [host.lower() for host in hosts]

    @model_validator(mode="after")
    def _keep_the_live_key_home(self) -> Self:
        if self.paystack_secret_key.get_secret_value().startswith("sk_live_") and not self._at_paystack():
            raise ValueError(f"a live PAYSTACK_SECRET_KEY is only ever sent to https://{_PAYSTACK_HOST}")
        return self

    def _at_paystack(self) -> bool:
        address = urlsplit(self.paystack_base_url)
        return address.scheme == "https" and address.netloc == _PAYSTACK_HOST

    def unsafe_settings(self) -> list[str]:
        """Return the names of settings whose value must not meet a real customer; a test key takes no money."""
        test_key = not self.paystack_secret_key.get_secret_value().startswith("sk_live_")
        return [*super().unsafe_settings(), *(["PAYSTACK_SECRET_KEY"] if test_key else [])]
