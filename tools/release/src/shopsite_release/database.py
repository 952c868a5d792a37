"""What of the new revisions would break the released code, which runs on the new schema until it is replaced.

Squawk reads the SQL that they come to. A revision that is right all the same says so where it stands: a line
``-- squawk-ignore changing-column-type`` before the statement in its ``op.execute``, and why in a comment beside it.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory

from shopsite_common.migrations import alembic_config
from shopsite_release.contract import Contract
from shopsite_release.parts import ReleaseError

POSTGRES = "15.0"  # the oldest that is supported
_RULES = {
    "ban-drop-column": "drops a column",
    "ban-drop-table": "drops a table",
    "ban-drop-not-null": "lets a column be null that released code reads as never null",
    "ban-drop-default": "drops a default that released code counts on",
    "ban-truncate-cascade": "empties tables",
    "renaming-column": "renames a column",
    "renaming-table": "renames a table",
    "changing-column-type": "changes a column's type",
    "adding-required-field": "adds a column that must not be null, without a default",
    "adding-not-nullable-field": "makes a column not null",
    "adding-field-with-default": "adds a column whose default rewrites the table",
    "adding-foreign-key-constraint": "adds a foreign key that is checked under a lock (NOT VALID first)",
    "adding-serial-primary-key-field": "adds a primary key under a lock",
    "constraint-missing-not-valid": "adds a constraint that is checked under a lock (NOT VALID first)",
    "disallowed-unique-constraint": "adds a unique constraint under a lock that blocks everybody",
    "require-concurrent-index-creation": "makes an index under a lock that blocks writers",
    "syntax-error": "is not read as SQL",
}


def faults(now: Contract, before: Contract, folder: Path) -> list[str]:
    """Return a sentence for each break of what lies in a service's `migrations/`."""
    changed = [name for name, digest in before.revisions.items() if now.revisions.get(name) != digest]
    if changed:
        return [f"{name} was released and is not what it was: add a revision" for name in changed]
    fresh = now.revisions.keys() - before.revisions.keys()
    return [
        f"{name} {sentence}"
        for script in _in_order(folder)
        if (name := Path(script.path).name) in fresh
        for sentence in _problems(script)
    ]


def _in_order(folder: Path) -> list[Script]:
    return list(ScriptDirectory.from_config(alembic_config(folder)).walk_revisions())[::-1]


def sql_of(script: Script) -> str:
    """Return the statements of one revision.

    Raises:
        ReleaseError: it asks the database something, so that it can't be read without one.
    """
    lines = StringIO()
    options = {"as_sql": True, "output_buffer": lines}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    try:
        with Operations.context(context):
            script.module.upgrade()
    except (AttributeError, TypeError, NotImplementedError) as problem:
        raise ReleaseError(f"can't be read without a database: {problem}") from problem
    return lines.getvalue()


def _problems(script: Script) -> Iterator[str]:
    try:
        statements = sql_of(script)
    except ReleaseError as problem:
        yield str(problem)
        return
    lines = statements.splitlines()
    for found in _squawk(statements):
        if found["rule_name"] in _RULES:
            statement = " ".join(" ".join(lines[found["line"] : found["line_end"] + 1]).split())
            yield f"{_RULES[found['rule_name']]}: {statement} [{found['rule_name']}]"


def _squawk(statements: str) -> list[dict[str, Any]]:
    beside = Path(sys.executable).parent / "squawk"
    program = str(beside) if beside.exists() else shutil.which("squawk")
    if program is None:
        raise ReleaseError("squawk is not installed: make boot")
    options = ("--reporter", "Json", "--pg-version", POSTGRES, "--assume-in-transaction", "--stdin-filepath", "new.sql")
    done = subprocess.run([program, *options], input=statements, capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    except json.JSONDecodeError as problem:
        raise ReleaseError(f"squawk: {done.stderr or done.stdout}") from problem
    return found
