"""A file is understood once, and again when it changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from aas_server.bindings.opcua.file_cache import FileCache


class Reader:
    """Reads files and counts how often."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, path: Path) -> str:
        self.count += 1
        return path.read_text()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("one")
    return path


def test_a_file_that_stays_as_it_is_is_read_once(file: Path) -> None:
    cache, reader = FileCache(10), Reader()

    assert [cache.get(file, reader) for _ in range(3)] == ["one"] * 3
    assert reader.count == 1


def test_a_file_that_was_written_or_replaced_is_read_again(file: Path) -> None:
    cache, reader = FileCache(10), Reader()
    cache.get(file, reader)

    file.write_text("two")
    assert cache.get(file, reader) == "two"

    other = file.with_name("other")
    other.write_text("six")
    other.replace(file)
    assert cache.get(file, reader) == "six"


def test_a_file_that_is_gone_is_not_remembered(file: Path) -> None:
    cache, reader = FileCache(10), Reader()
    cache.get(file, reader)
    file.unlink()

    with pytest.raises(FileNotFoundError):
        cache.get(file, reader)


def test_files_do_not_pile_up_in_memory(tmp_path: Path) -> None:
    cache, reader = FileCache(4), Reader()
    for number in range(20):
        path = tmp_path / str(number)
        path.write_text(str(number))
        assert cache.get(path, reader) == str(number)

    assert len(cache) <= 4
