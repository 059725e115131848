"""idShort paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.errors import BadRequest
from aas_server.metamodel.id_short_path import format_id_short_path, parse_id_short_path

id_shorts = st.from_regex(r"[a-zA-Z](?:[a-zA-Z0-9_-]*[a-zA-Z0-9_])?", fullmatch=True)
paths = st.tuples(id_shorts, st.lists(id_shorts | st.integers(0, 999_999_999), max_size=20)).map(
    lambda parts: (parts[0], *parts[1])
)


@given(paths)
def test_a_path_survives_its_text(path: tuple[str | int, ...]) -> None:
    assert parse_id_short_path(format_id_short_path(path)) == path


def test_indexes_may_follow_each_other_and_exceed_nine() -> None:
    assert parse_id_short_path("List[0][12].Inner-Name.x") == ("List", 0, 12, "Inner-Name", "x")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".a",
        "a.",
        "a..b",
        "[0]",
        "a[]",
        "a[-1]",
        "a[01]",
        "a[0]b",
        "a b",
        "1a",
        "a-",
        "a[0",
        "ä",
    ],
)
def test_a_malformed_path_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="idShortPath"):
        parse_id_short_path(text)


def test_a_path_deeper_than_the_limit_is_refused() -> None:
    with pytest.raises(BadRequest, match="more than 64"):
        parse_id_short_path(".".join(["ab"] * 65))
