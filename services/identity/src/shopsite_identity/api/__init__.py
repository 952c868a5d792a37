"""The endpoints of identity."""

from shopsite_identity.api import audit, customers, internal, keys, passwords, profile, sessions, tokens

ROUTERS = (
    profile.router,
    tokens.router,
    passwords.router,
    sessions.router,
    customers.router,
    audit.router,
    keys.router,
    internal.router,
)
