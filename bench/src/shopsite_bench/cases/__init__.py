"""The cases, a topic a module; a new module's `CASES` is put into this list.

Those that load the shop come first, then what is measured in peace; the last ones stop it.
"""

from shopsite_bench.case import Case
from shopsite_bench.cases import against_peer, computed, crowds, footprint, growth, messages, ordering, reading

CASES: tuple[Case, ...] = (
    *reading.CASES,
    *computed.CASES,
    *against_peer.CASES,
    *ordering.CASES,
    *messages.CASES,
    *growth.CASES,
    *crowds.CASES,
    *footprint.CASES,
)
