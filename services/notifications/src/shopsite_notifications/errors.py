"""What notifications refuses."""

from shopsite_common.errors import Conflict, NotFound


class EmailNotFound(NotFound):
    """There is no such mail in the log."""

    code = "email_not_found"
    message = "There is no such e-mail."


class ResetNeverResent(Conflict):
    """A password reset is asked for anew by its owner; nobody else starts one."""

    code = "password_reset_not_resendable"
    message = "A password reset e-mail is never sent again; the customer can ask for a new one."


class RecipientErased(Conflict):
    """The account was erased, and its address with it."""

    code = "recipient_erased"
    message = "The recipient's account was erased."
