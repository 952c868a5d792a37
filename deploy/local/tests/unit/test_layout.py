import stat
from pathlib import Path

import pytest

from shopsite_local import layout
from shopsite_local.layout import Instance


def test_no_two_sockets_share_a_port():
    offsets = Instance(home=Path("/nowhere"), base=9000, kind="test").offsets

    assert len(set(offsets.values())) == len(offsets)


@pytest.mark.parametrize(
    ("name", "port"),
    [
        ("gateway", 9000),
        ("paystack-simulator", 9001),
        ("mail", 9002),
        ("cloudinary-simulator", 9003),
        ("smtp", 9004),
        ("portal", 9008),
        ("identity-api", 9011),
        ("notifications-worker", 9026),
        ("orders-api-metrics", 9034),
        ("postgres", 9050),
    ],
)
def test_ports_are_counted_from_the_base(name, port):
    assert Instance(home=Path("/nowhere"), base=9000).port(name) == port


def test_servers_for_tests_open_no_port_of_a_shop():
    offsets = Instance(home=Path("/nowhere"), base=9000, kind="servers").offsets

    assert set(offsets) == set(layout.SERVER_OFFSETS)


def test_the_control_socket_stands_in_the_data_folder(tmp_path):
    assert layout.socket_of(Path("/short/.local")) == Path("/short/.local/run/control.sock")


def test_a_path_too_long_for_a_socket_is_replaced_by_a_short_one():
    long = Path("/home") / ("x" * 120) / ".local"

    path = layout.socket_of(long)

    assert len(str(path)) <= layout.LONGEST_SOCKET_PATH
    assert path == layout.socket_of(long)
    assert path != layout.socket_of(long / "other")


def test_nobody_else_reads_the_data_folder(tmp_path):
    layout.make_folders(tmp_path / ".local")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / ".local").iterdir()}

    assert modes == {"logs": 0o700, "run": 0o700, "secrets": 0o700, "state": 0o700}
    assert stat.S_IMODE((tmp_path / ".local").stat().st_mode) == 0o711
