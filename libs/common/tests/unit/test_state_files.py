"""Files that outlive a process."""

from concurrent.futures import ThreadPoolExecutor

from shopsite_common import state_files


def test_the_newest_content_stands_alone(tmp_path):
    path = tmp_path / "keys.json"
    for content in (b"first", b"second"):
        state_files.keep(path, content)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("keys.json", b"second")]


def test_a_reader_never_finds_half_of_it(tmp_path):
    path, contents = tmp_path / "keys.json", [letter * 1_000_000 for letter in (b"a", b"b")]
    state_files.keep(path, contents[0])

    def write():
        for turn in range(20):
            state_files.keep(path, contents[turn % 2])

    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write)
        while not writing.done():
            assert path.read_bytes() in contents


def test_a_folder_that_takes_nothing_is_borne(tmp_path):
    path = tmp_path / "missing" / "keys.json"
    state_files.keep(path, b"content")
    assert not path.exists()
