"""Settings of the identity service."""

from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from shopsite_common.settings import ServiceSettings


class Settings(ServiceSettings):
    """What identity reads besides the common settings."""

    service: ClassVar[str] = "identity"

    secret_key: str = "change-me"  # noqa: S105 - production refuses it
    shopsite_admin_email: str = ""
    shopsite_admin_password: str = ""
    shopsite_rate_limit_login: int = Field(default=1, ge=0)
    # one hash takes 47 MiB and a core for its time: more at once only makes each of them slower
    password_places: int = Field(default=2, ge=1, le=32)
    password_wait_seconds: float = 5.0

    access_token_seconds: int = Field(default=900, ge=30)
    refresh_token_days: int = Field(default=7, ge=1)
    session_idle_minutes: int = Field(default=30, ge=1)
    session_hours: int = Field(default=12, ge=1)
    reset_link_minutes: int = Field(default=60, ge=1)

    @property
    def access_token_term(self) -> timedelta:
        """How long an access token counts."""
        return timedelta(seconds=self.access_token_seconds)

    @property
    def refresh_term(self) -> timedelta:
        """How long after signing in a customer stays signed in, however often the tokens are renewed."""
        return timedelta(days=self.refresh_token_days)

    @property
    def session_idle_term(self) -> timedelta:
        """How long an admin session lives without a request."""
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def session_term(self) -> timedelta:
        """How long an admin session lives at most."""
        return timedelta(hours=self.session_hours)

    @property
    def reset_link_term(self) -> timedelta:
        """How long a link for a new password counts."""
        return timedelta(minutes=self.reset_link_minutes)
