"""Use cases on dead letters, each one transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_common.audit import record_action
from shopsite_common.dead_letters import masking, repository
from shopsite_common.dead_letters.errors import LetterNotFound, LetterUnderWay
from shopsite_common.dead_letters.letters import Letter
from shopsite_common.pagination import PageRequest


def keep_letter(session: Session, *, letter: Letter) -> None:
    """Keep a letter that was found in ``<queue>.dead``, without its person if that customer was erased before."""
    repository.lock(session)
    erased = repository.names_erased(session, letter.body)
    repository.insert_letter(session, letter.without_person() if erased else letter)


def list_letters(
    session: Session, *, queue: str | None = None, event: str | None = None, paging: PageRequest
) -> tuple[int, Sequence[Any]]:
    """Return how many letters match, and one page of them, newest first."""
    count, rows = repository.list_letters(session, queue=queue, event=event, offset=paging.offset, limit=paging.size)
    paging.check(count)
    return count, rows


def get_letter(session: Session, *, letter_id: UUID) -> Any:
    """Return a letter.

    Raises:
        LetterNotFound
    """
    found = repository.find_letter(session, letter_id)
    if found is None:
        raise LetterNotFound
    return found


def replay_letter(session: Session, *, letter_id: UUID, actor_id: UUID) -> Any:
    """Mark a letter to go back to its queue, and return it; one that is on its way already stays so.

    Raises:
        LetterNotFound
    """
    if marked := repository.mark_for_replay(session, letter_id=letter_id):
        _record(session, actor_id, "replay", letter_id, marked[0])
    return get_letter(session, letter_id=letter_id)


def replay_letters(session: Session, *, queue: str | None, actor_id: UUID, service: str) -> int:
    """Mark all waiting letters, or those of one queue, to go back; return how many there were."""
    marked = repository.mark_for_replay(session, queue=queue)
    if marked:
        record_action(
            session,
            actor_id=actor_id,
            action="dead_letters.replay",
            object_type="queue",
            object_id=queue or f"{service}.*",
            changes={"letters": len(marked)},
        )
    return len(marked)


def drop_letter(session: Session, *, letter_id: UUID, actor_id: UUID) -> None:
    """Delete a letter for good.

    Raises:
        LetterNotFound
        LetterUnderWay: its replay has begun, so it may take effect.
    """
    dropped = repository.delete_waiting(session, letter_id)
    if dropped is None:
        get_letter(session, letter_id=letter_id)
        raise LetterUnderWay
    _record(session, actor_id, "drop", letter_id, dropped)


def forget_customer(session: Session, *, customer_id: UUID) -> None:
    """Take the person out of every letter that names them, and out of those that are yet to come."""
    repository.lock(session)
    repository.note_erased(session, customer_id)
    for row in repository.letters_naming(session, customer_id):
        repository.replace_body(session, row.id, masking.anonymised(row.body))


def _record(session: Session, actor_id: UUID, verb: str, letter_id: UUID, letter: Any) -> None:
    record_action(
        session,
        actor_id=actor_id,
        action=f"dead_letter.{verb}",
        object_type="dead_letter",
        object_id=letter_id,
        changes={"queue": letter.queue, "event": letter.event},
    )
