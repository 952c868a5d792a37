"""What identity refuses, with stable codes."""

from shopsite_common.errors import (
    Conflict,
    Forbidden,
    NotAuthenticated,
    NotFound,
    Unavailable,
    ValidationFailed,
)


class EmailTaken(ValidationFailed):
    """Another account has this address, in whatever case."""

    def __init__(self) -> None:
        super().__init__(details={"email": ["An account with this e-mail address already exists."]})


class WrongPassword(ValidationFailed):
    """The current password of a change is not the account's."""

    def __init__(self) -> None:
        super().__init__(details={"current_password": ["The current password is wrong."]})


class WeakPassword(ValidationFailed):
    """A new password breaks the rules."""

    def __init__(self, field: str, sentences: list[str]) -> None:
        super().__init__(details={field: sentences})


class InvalidResetToken(ValidationFailed):
    """The link was used, is too old, or never was one."""

    def __init__(self) -> None:
        super().__init__(details={"token": ["The link is not valid or has expired. Please ask for a new one."]})


class InvalidCredentials(NotAuthenticated):
    """Unknown address, wrong password or an inactive account: the client is not told which."""

    code = "invalid_credentials"
    message = "No active account was found with the given credentials."


class InvalidRefreshToken(NotAuthenticated):
    """The refresh token is unknown, spent, expired or revoked."""

    code = "invalid_refresh_token"
    message = "The refresh token is not valid or has expired."


class AccountGone(NotAuthenticated):
    """The token's account was erased or deactivated after it was made."""

    code = "account_gone"
    message = "This account is no longer active."


class InvalidSession(NotAuthenticated):
    """There is no such admin session, or it has ended."""

    code = "invalid_session"
    message = "The session is not valid or has expired."


class StaffOnly(Forbidden):
    """The password is right, but sessions are for staff."""

    code = "staff_only"
    message = "Only staff and admins can sign in here."


class NoSession(NotFound):
    """The request bears no session: it came with a token, or the session has ended."""

    code = "no_session"
    message = "There is no session."


class CustomerNotFound(NotFound):
    """There is no such account (any more)."""

    message = "There is no such customer."


class ResetNotFound(NotFound):
    """The request for a new password is used, too old or unknown."""

    code = "reset_not_found"
    message = "There is no such open request for a new password."


class OwnAccount(Conflict):
    """An admin would lock themself out."""

    code = "own_account"
    message = "You cannot delete, demote or deactivate your own account."


class LastAdmin(Conflict):
    """The shop would be left without an admin."""

    code = "last_admin"
    message = "The last active admin cannot be deleted, demoted or deactivated."


class SigningKeyUnreadable(Unavailable):
    """The private key in the database was encrypted under another ``SECRET_KEY``."""

    code = "signing_key_unreadable"


class NothingToActivate(Conflict):
    """No key is published, or not for long enough."""

    code = "nothing_to_activate"
    message = "No published key is old enough to sign with."
