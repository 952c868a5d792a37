"""What a limit is, what came of asking it, and how a client is told."""

from dataclasses import dataclass

FIELDS = ("RateLimit-Policy", "RateLimit", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@dataclass(frozen=True)
class Quota:
    """So many in so long. A limit of 0 is no limit at all.

    Attributes:
        name: part of the Redis key, and the policy's name in the header fields.
        limit: how many.
        seconds: in how long.
    """

    name: str
    limit: int
    seconds: int = 3600


@dataclass(frozen=True)
class Decision:
    """What came of asking a limit.

    Attributes:
        allowed: whether the request may pass.
        quota: the limit that was asked.
        remaining: how many more would pass now.
        reset_seconds: until the whole quota is back; when refused, until the next one passes.
        retry_after: seconds, 0 when allowed.
    """

    allowed: bool
    quota: Quota
    remaining: int = 0
    reset_seconds: int = 0
    retry_after: int = 0

    @property
    def limit(self) -> int:
        """How many the quota holds."""
        return self.quota.limit


def headers(decision: Decision) -> dict[str, str]:
    """Return the header fields that tell a client where it stands; none for a limit that is off."""
    quota = decision.quota
    if quota.limit == 0:
        return {}
    values = (
        f'"{quota.name}";q={quota.limit};w={quota.seconds}',
        f'"{quota.name}";r={decision.remaining};t={decision.reset_seconds}',
        str(quota.limit),
        str(decision.remaining),
        str(decision.reset_seconds),
    )
    refused = {} if decision.allowed else {"Retry-After": str(decision.retry_after)}
    return dict(zip(FIELDS, values, strict=True)) | refused
