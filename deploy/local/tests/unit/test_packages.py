import platform
import stat

import pytest

from shopsite_local import packages, shop
from shopsite_local.layout import make_folders
from shopsite_local.problems import RunnerError
from shopsite_local.progress import Progress


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A Linux with nothing on the PATH but what a test puts there, run by an ordinary user, lacking one server."""
    programs = tmp_path / "bin"
    programs.mkdir()
    make_folders(tmp_path / ".local")
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(packages, "is_root", lambda: False)
    installed = programs / "redis-server"
    lacking = (lambda: installed if installed.exists() else None, "redis-server", "redis-server.service", "redis")
    monkeypatch.setattr(packages, "NEEDED", {"Redis": lacking})
    return tmp_path


def program(machine, name, script):
    path = machine / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def ensure(machine):
    packages.ensure(machine / ".local", Progress())


def test_without_a_package_manager_the_packages_are_named(machine):
    with pytest.raises(RunnerError, match="redis-server, and there is no apt-get"):
        ensure(machine)


def test_without_rights_the_command_for_an_administrator_is_named(machine):
    program(machine, "apt-get", "exit 0")

    with pytest.raises(RunnerError, match="Ask an administrator for: apt-get install redis-server"):
        ensure(machine)


def test_a_refusing_sudo_is_told_apart_from_a_failed_installation(machine):
    program(machine, "apt-get", "exit 0")
    program(machine, "sudo", "exit 1")

    with pytest.raises(RunnerError, match="sudo refused"):
        ensure(machine)


def test_a_failed_installation_shows_the_end_of_its_log(machine):
    program(machine, "apt-get", "exit 0")
    program(machine, "sudo", '[ "$1" = -v ] && exit 0; echo "E: no space left"; exit 100')

    with pytest.raises(RunnerError, match="E: no space left"):
        ensure(machine)


def test_an_installation_is_announced_and_uses_the_machine_s_packages(machine, capsys):
    program(machine, "apt-get", "exit 0")
    program(machine, "sudo", f'[ "$1" = -v ] || : > {machine}/bin/redis-server; echo "$@"')

    ensure(machine)

    assert "sudo apt-get install redis-server" in capsys.readouterr().out
    assert "redis-server" in (machine / ".local" / "logs" / "packages.log").read_text()


def test_what_is_there_is_not_installed_again(machine, capsys):
    program(machine, "redis-server", "exit 0")

    ensure(machine)

    assert capsys.readouterr().out == ""


def test_a_nearly_full_disk_is_refused_with_figures(tmp_path, monkeypatch):
    monkeypatch.setattr(shop, "DISK_BYTES", 10**18)

    with pytest.raises(RunnerError, match=r"The disk is nearly full: \d+ MB are free"):
        shop.check_disk(tmp_path / "not" / "yet" / "there")
