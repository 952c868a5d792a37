"""What an operator does with dead letters on the command line."""

import argparse

import pytest
from sqlalchemy import text

from shopsite_common import outbox
from shopsite_common.audit import OPERATOR
from shopsite_common.dead_letters import commands, service
from shopsite_common.dead_letters.letters import read_letter
from shopsite_common.ids import uuid7
from shopsite_common.pagination import PageRequest

pytestmark = pytest.mark.integration


@pytest.fixture
def operate(db, database_url):
    """Return a function that runs a command line."""

    def run(*words):
        parser = argparse.ArgumentParser()
        commands.configure(parser)
        return commands.run({"orders": database_url}, parser.parse_args(words))

    return run


@pytest.fixture
def letter_id(db):
    letter = read_letter(
        "orders.on_x", b'{"data": {"email": "ada@example.com"}}', {"shopsite-reason": "LookupError: x"}
    )
    db.run_here(service.keep_letter, letter=letter)
    return str(db.run_here(service.list_letters, paging=PageRequest(1, 1))[1][0].id)


def actors(db):
    return db.run_here(
        lambda session: session.connection().execute(text("SELECT data->>'actor_id' FROM outbox")).scalars().all()
    )


def test_letters_are_listed_and_shown_without_the_person(operate, letter_id, capsys):
    assert operate("list") == 0
    assert operate("show", letter_id) == 0
    out = capsys.readouterr().out
    assert f"{letter_id} " in out
    assert "orders.on_x - attempts=1 LookupError: x\n1 of 1 dead letters\n" in out
    assert '"email": "***"' in out
    assert "ada@example.com" not in out


def test_a_list_says_how_many_it_does_not_show(operate, db, capsys):
    for number in range(3):
        db.run_here(service.keep_letter, letter=read_letter("orders.on_x", b"%d" % number, {}))
    assert operate("list", "--limit", "2") == 0
    assert capsys.readouterr().out.endswith("2 of 3 dead letters\n")
    assert operate("list", "--queue", "orders.on_y") == 0
    assert capsys.readouterr().out == "no dead letters\n"


@pytest.mark.parametrize("words", [["--all"], ["--queue", "orders.on_x"], ["ID"]])
def test_letters_are_marked_for_replay_as_the_operators_deed(operate, db, letter_id, words):
    assert operate("replay", *(letter_id if word == "ID" else word for word in words)) == 0
    [row] = db.run_here(service.list_letters, paging=PageRequest(1, 10))[1]
    assert row.replay_at is not None
    assert actors(db) == [str(OPERATOR)]


def test_a_letter_is_dropped_as_the_operators_deed(operate, db, letter_id):
    assert operate("drop", letter_id) == 0
    assert db.run_here(service.list_letters, paging=PageRequest(1, 10)) == (0, [])
    assert actors(db) == [str(OPERATOR)]


@pytest.mark.parametrize("command", ["show", "replay", "drop"])
def test_what_is_not_there_is_said_so(operate, db, capsys, command):
    assert operate(command, str(uuid7())) == 1
    assert capsys.readouterr().err == "There is no such dead letter.\n"
    assert db.run_here(lambda session: outbox.backlog(session)[0]) == 0
