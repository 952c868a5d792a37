"""Cloudinary's signatures, of requests and of replies."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

UNSIGNED = frozenset({"file", "api_key", "signature", "cloud_name", "resource_type"})
FRESH_SECONDS = 3600
SHA256_LENGTH = 64


class Unauthorized(Exception):
    """A request with a wrong key, a wrong signature, or too old a time; the text is Cloudinary's."""


def string_to_sign(fields: Mapping[str, str]) -> str:
    """Returns what a request's signature is over: its fields sorted, `&` in them escaped, no empty ones."""
    pairs = [f"{name}={value}" for name, value in fields.items() if name not in UNSIGNED and value]
    return "&".join(sorted(pair.replace("&", "%26") for pair in pairs))


def sign(text: str, secret: str, *, algorithm: str = "sha1") -> str:
    """Returns the hex digest of a text with the secret after it."""
    return hashlib.new(algorithm, f"{text}{secret}".encode()).hexdigest()


def check(fields: Mapping[str, str], *, key: str, secret: str, now: float) -> None:
    """Checks a request's key, signature and time; raises `Unauthorized`."""
    if not hmac.compare_digest(fields.get("api_key", "").encode(), key.encode()):
        raise Unauthorized("Invalid api_key")
    given, text = fields.get("signature", ""), string_to_sign(fields)
    algorithm = "sha256" if len(given) == SHA256_LENGTH else "sha1"
    if not hmac.compare_digest(given.encode(), sign(text, secret, algorithm=algorithm).encode()):
        raise Unauthorized(f"Invalid Signature {given}. String to sign - '{text}'.")
    _check_time(fields.get("timestamp", ""), now=now)


def _check_time(timestamp: str, *, now: float) -> None:
    if not timestamp.isdecimal():
        raise Unauthorized("Missing required parameter - timestamp")
    if now - int(timestamp) > FRESH_SECONDS:
        reported = datetime.fromtimestamp(int(timestamp), UTC).strftime("%Y-%m-%d %H:%M:%S +0000")
        raise Unauthorized(f"Stale request - reported time is {reported} which is more than 1 hour ago")


def reply_signature(public_id: str, version: int, secret: str) -> str:
    """Returns the signature by which the SDK can tell that a reply is Cloudinary's."""
    return sign(f"public_id={public_id}&version={version}", secret)
