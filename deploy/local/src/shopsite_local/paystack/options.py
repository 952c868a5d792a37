"""What the simulator's process is told by its environment."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from shopsite_local.serving import Address

CURRENCIES = ("NGN", "USD", "GHS", "ZAR", "KES", "XOF")
TIME_SCALE = 180.0


@dataclass(frozen=True, kw_only=True)
class Options:
    """Keys, addresses and the speed of time of one simulator."""

    secret_key: str
    webhook_url: str
    webhook_host: str = ""
    """The name by which customers know the shop, where the simulator reaches it under another one."""
    public_url: str
    state_dir: Path
    currencies: tuple[str, ...] = field(default=CURRENCIES)
    time_scale: float = TIME_SCALE
    """Paystack's retry schedule runs this many times faster: 3 minutes become a second."""

    @classmethod
    def from_environment(cls, address: Address) -> Self:
        """Reads PAYSTACK_SECRET_KEY, PAYSTACK_WEBHOOK_URL and _HOST, PAYSTACK_CURRENCIES and PAYSTACK_TIME_SCALE."""
        currencies = os.environ.get("PAYSTACK_CURRENCIES") or ",".join(CURRENCIES)
        return cls(
            secret_key=os.environ.get("PAYSTACK_SECRET_KEY") or "sk_test_simulator",
            webhook_url=os.environ.get("PAYSTACK_WEBHOOK_URL") or "",
            webhook_host=os.environ.get("PAYSTACK_WEBHOOK_HOST") or "",
            public_url=address.public_url,
            state_dir=address.state_dir,
            currencies=tuple(code.strip() for code in currencies.split(",") if code.strip()),
            time_scale=float(os.environ.get("PAYSTACK_TIME_SCALE") or TIME_SCALE),
        )

    def __post_init__(self) -> None:
        if self.secret_key.startswith("sk_live_"):
            raise ValueError("PAYSTACK_SECRET_KEY is a live key: a simulator must never be given one")
