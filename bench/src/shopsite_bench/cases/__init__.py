"""The cases, a topic a module; a new module's `CASES` is put into this list."""

from shopsite_bench.case import Case
from shopsite_bench.cases import reading

CASES: tuple[Case, ...] = (*reading.CASES,)
