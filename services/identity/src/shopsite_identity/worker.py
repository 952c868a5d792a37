"""The worker process of the identity service: the audit log's consumer, relay, and timers."""

from datetime import timedelta

from fastapi import FastAPI

from shopsite_common.clock import utcnow
from shopsite_common.errors import Unavailable
from shopsite_common.worker import Timer, create_worker
from shopsite_identity.consumers import HANDLERS
from shopsite_identity.deps import IdentityResources
from shopsite_identity.deps.issuer import last_token_term
from shopsite_identity.schemas.people import ProfileOut
from shopsite_identity.service import accounts, keys, signing_in
from shopsite_identity.settings import Settings

_ADDRESSES_UNSEEN_FOR = timedelta(days=180)


def create() -> FastAPI:
    """Return the worker, with its settings read from the environment."""
    settings = Settings()
    resources = IdentityResources(settings)

    async def renew_profiles() -> None:
        while await _renew_profiles(resources) == accounts.BATCH:
            continue

    async def delete_ended() -> None:
        await resources.db.run(signing_in.delete_ended, now=utcnow(), addresses_unseen_for=_ADDRESSES_UNSEEN_FOR)
        term = last_token_term(settings.access_token_term)
        await resources.db.run(keys.retire_keys, last_token_term=term, now=utcnow())

    timers = (
        Timer("renew-profiles", timedelta(seconds=1), renew_profiles),
        Timer("delete-ended", timedelta(hours=1), delete_ended),
    )
    return create_worker(resources, HANDLERS, timers)


async def _renew_profiles(resources: IdentityResources) -> int:
    """Renew cached profiles whose change may not have reached Redis: the process that made it may have died.

    Raises:
        Unavailable: Redis does not answer; they are tried again.
    """
    rows = await resources.db.run(accounts.list_changed_profiles)
    for row in rows:
        body = b"" if row.erased else ProfileOut.model_validate(row).model_dump_json().encode()
        if not await resources.profiles.put(row.id, row.version, body):
            raise Unavailable("Redis is not available.")
    if rows:
        await resources.db.run(accounts.forget_changed_profiles, ids=[row.change_id for row in rows])
    return len(rows)
