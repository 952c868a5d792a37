"""Revisions that released code can't live with are refused by what they do."""

from hashlib import sha256
from pathlib import Path

import pytest

from shopsite_release import database
from shopsite_release.contract import Contract

HEAD = '''"""{name}."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{number}", {before}, None, None


def upgrade() -> None:
    {body}
'''


def contract(folder: Path, version: str) -> Contract:
    digests = {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.py")}
    return Contract("orders", version, {}, {}, {}, digests)


def write(folder: Path, number: str, body: str) -> Path:
    before = None if number == "0001" else f"{int(number) - 1:04}"
    path = folder / f"{number}_step.py"
    path.write_text(HEAD.format(name=number, number=number, before=repr(before), body=body), encoding="utf-8")
    return path


@pytest.fixture
def released(tmp_path):
    """A folder with one revision, and the release that had it."""
    write(tmp_path, "0001", 'op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True))')
    return tmp_path, contract(tmp_path, "1.0.0")


def faults_of(released, body):
    folder, before = released
    write(folder, "0002", body)
    return database.faults(contract(folder, "main"), before, folder)


BREAKS = {
    'op.drop_column("orders", "total")': "drops a column: ALTER TABLE orders DROP COLUMN total",
    'op.drop_table("orders")': "drops a table: DROP TABLE orders",
    'op.alter_column("orders", "total", new_column_name="sum")': "renames a column: ALTER TABLE orders RENAME total",
    'op.rename_table("orders", "purchases")': "renames a table: ALTER TABLE orders RENAME TO purchases",
    'op.add_column("orders", sa.Column("note", sa.Text, nullable=False))': (
        "adds a column that must not be null, without a default: ALTER TABLE orders ADD COLUMN note TEXT NOT NULL"
    ),
    'op.alter_column("orders", "note", nullable=False)': "makes a column not null: ALTER TABLE orders",
    'op.alter_column("orders", "number", type_=sa.String(5))': "changes a column's type: ALTER TABLE orders",
    'op.alter_column("orders", "state", server_default=None)': "drops a default that released code counts on",
    'op.create_index("ix_orders_number", "orders", ["number"])': "makes an index under a lock that blocks writers",
    'op.create_unique_constraint("uq_number", "orders", ["number"])': "adds a unique constraint under a lock",
    'op.create_foreign_key("fk", "orders", "buyers", ["buyer"], ["id"])': "adds a foreign key that is checked under",
    'op.execute("ALTER TABLE orders DROP COLUMN total")': "drops a column",
    'op.execute("ALTR TABLE orders")': "is not read as SQL",
    'op.get_bind().execute(sa.text("SELECT 1")).scalar_one()': "can't be read without a database",
}


@pytest.mark.parametrize("body", BREAKS)
def test_a_break_is_named(released, body):
    assert any(fault.startswith(f"0002_step.py {BREAKS[body]}") for fault in faults_of(released, body))


HARMLESS = (
    'op.add_column("orders", sa.Column("note", sa.Text))',
    'op.add_column("orders", sa.Column("gift", sa.Boolean, nullable=False, server_default="false"))',
    'op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True)); op.create_index("ix", "notes", ["id"])',
    'op.execute("-- squawk-ignore require-concurrent-index-creation\\nCREATE INDEX ix ON orders (number)")',
)


@pytest.mark.parametrize("body", HARMLESS)
def test_what_only_adds_passes(released, body):
    assert faults_of(released, body.replace("\n", "\\n")) == []


def test_a_released_revision_is_not_rewritten(released):
    folder, before = released
    write(folder, "0001", "pass")
    assert database.faults(contract(folder, "main"), before, folder) == [
        "0001_step.py was released and is not what it was: add a revision"
    ]
