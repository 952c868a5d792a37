"""Every line of rows.txt has a test that names it, and no test names another one."""

import ast
from collections.abc import Iterator
from pathlib import Path

_HERE = Path(__file__).parent
_TESTS = _HERE.parent


def promised_rows() -> set[str]:
    lines = (line.strip() for line in (_HERE / "rows.txt").read_text().splitlines())
    return {line for line in lines if line and not line.startswith("#")}


def is_row_marker(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.row"


def rows_of(file: Path) -> Iterator[str]:
    """Yield what the markers of a test file name; read, not run, so that a part of the suite can be run alone."""
    for node in filter(is_row_marker, ast.walk(ast.parse(file.read_text()))):
        yield from (ast.literal_eval(argument) for argument in node.args)


def named_rows() -> set[str]:
    return {row for file in _TESTS.rglob("test_*.py") for row in rows_of(file)}


def test_every_row_has_a_test():
    assert sorted(promised_rows() - named_rows()) == []


def test_no_test_names_an_unknown_row():
    assert sorted(named_rows() - promised_rows()) == []
