"""What the check refuses, beyond the errors that every service knows."""

from shopsite_common.errors import Forbidden, NotAuthenticated


class NoCredential(NotAuthenticated):
    """The route needs somebody signed in."""

    message = "Sign in first: this needs an access token or a session."


class Revoked(NotAuthenticated):
    """The account's sessions were ended after this token was made."""

    code = "token_revoked"
    message = "This sign-in is no longer valid. Please sign in again."


class SessionEnded(NotAuthenticated):
    """The cookie names no living session."""

    code = "session_ended"
    message = "The session has ended. Please sign in again."


class CsrfFailed(Forbidden):
    """A session's unsafe request without its token: perhaps another site sent it."""

    code = "csrf_failed"
    message = "The X-CSRF-Token header is missing or wrong."
