from pathlib import Path

import pytest

from shopsite_local import binaries, cli


@pytest.mark.parametrize("process", ["orders-api", "orders-worker", "migrate-orders"])
def test_a_service_means_all_its_processes(process):
    assert cli.belongs(process, "orders")


def test_a_process_means_itself():
    assert cli.belongs("postgres", "postgres")
    assert not cli.belongs("orders-worker", "orders-api")
    assert not cli.belongs("paystack-simulator", "payments")


def test_a_shop_that_is_not_up_says_how_to_start_it(tmp_path, capsys):
    assert cli.main(["--home", str(tmp_path), "ps"]) == 1
    assert "make up" in capsys.readouterr().err


def test_stopping_what_does_not_run_is_harmless(tmp_path, capsys):
    assert cli.main(["--home", str(tmp_path), "down"]) == 0
    assert "was not up" in capsys.readouterr().out


def test_a_misspelt_log_names_those_that_exist(tmp_path, capsys):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "orders-api.log").touch()

    assert cli.main(["--home", str(tmp_path), "logs", "ordres"]) == 1
    assert "orders-api" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["up", "down", "reset", "ps", "env", "ctl", "logs", "servers", "test"])
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([command, "--help"])

    assert end.value.code == 0
    assert command in capsys.readouterr().out


def test_the_newest_version_of_a_program_wins():
    folders = [Path(f"/usr/lib/postgresql/{number}/bin") for number in (9, 17, 15)]

    assert binaries.newest_first(folders)[0] == Path("/usr/lib/postgresql/17/bin")
