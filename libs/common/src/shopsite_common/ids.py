"""Time-ordered identifiers (RFC 9562, version 7), made here because Python has them from 3.14 only."""

import secrets
import time
from uuid import UUID

_TIMESTAMP_BITS = 48
_VERSION = 7
_VARIANT = 0b10


def uuid7() -> UUID:
    """Return a new UUID whose first 48 bits are the Unix time in milliseconds, the rest random."""
    milliseconds = time.time_ns() // 1_000_000 & ((1 << _TIMESTAMP_BITS) - 1)
    random = secrets.randbits(74)
    value = milliseconds << 80 | _VERSION << 76 | (random >> 62) << 64 | _VARIANT << 62 | random & ((1 << 62) - 1)
    return UUID(int=value)
