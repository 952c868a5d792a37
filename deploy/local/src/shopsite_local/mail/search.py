"""Mailpit's search words: `to:`, `from:`, `subject:`, more of that kind, phrases, and a minus for "not"."""

import re
from collections.abc import Callable

WORD = re.compile(r'(?P<no>[-!]?)(?:(?P<key>[a-zA-Z-]+):)?(?:"(?P<phrase>[^"]*)"|(?P<word>\S+))')
COLUMNS = {
    "to": ("to_text",),
    "from": ("from_text",),
    "cc": ("cc_text",),
    "bcc": ("bcc_text",),
    "reply-to": ("reply_text",),
    "addressed": ("to_text", "from_text", "cc_text", "bcc_text", "reply_text"),
    "subject": ("subject_text",),
    "message-id": ("message_id",),
}
ANYWHERE = ("subject_text", "from_text", "to_text", "cc_text", "bcc_text", "body_text")
STATES = {
    ("is", "read"): "is_read = 1",
    ("is", "unread"): "is_read = 0",
    ("has", "attachment"): "attachments > 0",
    ("has", "attachments"): "attachments > 0",
}

Condition = tuple[str, list[str]]


def conditions(query: str) -> list[Condition]:
    """Returns what each word of `query` asks for, as SQL with its values; a mail has to satisfy all."""
    found = [_condition(match) for match in WORD.finditer(query)]
    return [condition for condition in found if condition]


def _condition(match: re.Match[str]) -> Condition | None:
    key = (match["key"] or "").lower()
    word = (match["phrase"] if match["phrase"] is not None else match["word"]).lower()
    if not word:
        return None
    negated: Callable[[str], str] = (lambda sql: f"NOT ({sql})") if match["no"] else (lambda sql: sql)
    if (key, word) in STATES:
        return negated(STATES[key, word]), []
    columns = COLUMNS.get(key, ANYWHERE)
    # A colon after any other word is a part of the text, as in a time or an address of the web.
    wanted = word if not key or key in COLUMNS else f"{key}:{word}"
    return negated(" OR ".join(f"instr({column}, ?) > 0" for column in columns)), [wanted] * len(columns)
