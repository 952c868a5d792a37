"""Dead letters: messages that no handler could take, kept in a table of the service they were for.

The broker and the consumer put them into ``<queue>.dead``; the worker's office takes them from there into the table and
acknowledges after the commit. Listing, replaying and dropping are then transactions like any other, with their audit
event in them. A replay is a mark: the office sends the letter back to its queue, and deletes the row once the broker
has confirmed. See ``docs/adr/0016-dead-letters-in-tables.md``.
"""

from shopsite_common.dead_letters.service import forget_customer

__all__ = ["forget_customer"]
