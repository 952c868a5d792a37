"""Proving a password: limits, then the check in a thread, no transaction open meanwhile."""

from shopsite_identity.deps import IdentityResources
from shopsite_identity.deps.throttle import SIGN_IN
from shopsite_identity.errors import InvalidCredentials
from shopsite_identity.service import signing_in
from shopsite_identity.service.signing_in import Proof


async def prove_password(resources: IdentityResources, *, email: str, password: str, address: str) -> Proof:
    """Return the proof that somebody knows an active account's password.

    An unknown address, a wrong password and an inactive account take the same time and get the same answer.

    Raises:
        InvalidCredentials, TooManyRequests
    """
    await resources.throttle.admit(SIGN_IN, address)
    address_hash = resources.keyring.address_hash(address)
    account, known = await resources.db.run(signing_in.get_credentials, email=email, address_hash=address_hash)
    attempt = await resources.throttle.begin_attempt(email, address, known=known)
    check = await resources.passwords.verify(password, account.password_hash if account is not None else None)
    if account is None or not check.ok or not account.is_active:
        raise InvalidCredentials
    await resources.throttle.end_attempt(attempt)
    return Proof(account.id, account.password_hash, check.new_hash or account.password_hash, address_hash)
