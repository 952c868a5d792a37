"""Conditional requests (RFC 9110, section 13): whether a client's entity tags name the current state."""


def matches(header: str, etag: str) -> bool:
    """Tell whether ``If-Match`` names this strong tag; a weak one never does."""
    return header.strip() == "*" or etag in _tags(header)


def matches_weakly(header: str, etag: str) -> bool:
    """Tell whether ``If-None-Match`` names this tag; a proxy may have made it a weak one."""
    return header.strip() == "*" or etag in {tag.removeprefix("W/") for tag in _tags(header)}


def _tags(header: str) -> set[str]:
    # our own tags hold no comma
    return {tag.strip() for tag in header.split(",")}
