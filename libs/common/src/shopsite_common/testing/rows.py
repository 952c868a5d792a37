"""Many rows at once, for tests of what grows with them."""

from sqlalchemy import text
from sqlmodel import Session


def copy_rows(session: Session, table: str, *ids: str, times: int = 99, **values: str) -> None:
    """Insert each row of a table so many times more.

    Args:
        ids: columns of UUIDs; the n-th copy of one value is the same in each table, so children find their parents.
        values: SQL expressions for other columns, of the row copied and its number ``n``.
    """
    fresh = values | {name: f"md5({name}::text || n)::uuid" for name in ids}
    statement = text("""
        SELECT quote_ident(column_name) FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = :table AND is_identity = 'NO' AND is_generated = 'NEVER'
    """)
    columns = session.connection().execute(statement, {"table": table}).scalars().all()
    wanted = ", ".join(fresh.get(name, name) for name in columns)
    source = f"SELECT {wanted} FROM {table}, generate_series(1, :times) AS n"
    session.connection().execute(text(f"INSERT INTO {table} ({', '.join(columns)}) {source}"), {"times": times})
