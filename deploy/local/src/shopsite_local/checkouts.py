"""Which checkout's code a process runs: this one, or another release's, to see that both work side by side."""

import os
import sys
from pathlib import Path

from shopsite_local.layout import ROOT


def checkout_of(part: str) -> Path:
    """The checkout that `SHOPSITE_CHECKOUT_<PART>` names for a service, authz or portal; this one without it."""
    return Path(os.environ.get(f"SHOPSITE_CHECKOUT_{part.upper()}") or ROOT)


def python(module: str, *words: str, checkout: Path = ROOT) -> tuple[str, ...]:
    """A module of a checkout under its own interpreter; under coverage where `make coverage` asks for it."""
    interpreter = sys.executable if checkout == ROOT else str(checkout / ".venv" / "bin" / "python")
    if os.environ.get("SHOPSITE_COVERAGE"):
        coverage = ("-m", "coverage", "run", "--parallel-mode", f"--rcfile={ROOT / 'pyproject.toml'}")
        return (interpreter, *coverage, "-m", module, *words)
    return (interpreter, "-m", module, *words)
