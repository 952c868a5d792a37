"""The cases, a topic a module; a new module's `CASES` is put into this list.

What the shop takes at rest is measured when it has served a little; crowds and what stops it come last.
"""

from shopsite_bench.case import Case
from shopsite_bench.cases import against_peer, computed, crowds, footprint, growth, messages, ordering, reading

CASES: tuple[Case, ...] = (
    *reading.CASES,
    *computed.CASES,
    *footprint.AT_REST,
    *against_peer.CASES,
    *ordering.CASES,
    *messages.CASES,
    *growth.CASES,
    *crowds.CASES,
    *footprint.STARTING,
)
