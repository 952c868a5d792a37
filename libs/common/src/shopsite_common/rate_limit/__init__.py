"""Rate limits in Redis, one call each, and in the process's own memory while Redis is down.

Two kinds, over the same ``Quota``:

* ``take`` spends from a quota that refills steadily (GCRA): the whole of it may come as one burst, and no window's
  edge lets through twice as much.
* ``peek``, ``record`` and ``forget`` count what should not happen, such as failed sign-ins, in a window that opens
  with the first of them.

Header fields: draft-ietf-httpapi-ratelimit-headers (``RateLimit-Policy``, ``RateLimit``) and the older
``X-RateLimit-*``, whose reset is in seconds from now.
"""

from shopsite_common.rate_limit.anonymous import AnonymousQuota, ClientAddress, too_many
from shopsite_common.rate_limit.limiter import Limiter
from shopsite_common.rate_limit.quota import FIELDS, Decision, Quota, headers

__all__ = [
    "FIELDS",
    "AnonymousQuota",
    "ClientAddress",
    "Decision",
    "Limiter",
    "Quota",
    "headers",
    "too_many",
]
