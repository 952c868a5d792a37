"""What the keepers of dead letters refuse."""

from shopsite_common.errors import Conflict, NotFound


class LetterNotFound(NotFound):
    """No such letter: replayed, dropped, or never there."""

    code = "dead_letter_not_found"
    message = "There is no such dead letter."


class LetterUnderWay(Conflict):
    """A letter that goes back to its queue may take effect there."""

    code = "dead_letter_under_way"
    message = "This letter is on its way back to its queue, so it can't be dropped."
