"""Ways through an address space, as people write them."""

from __future__ import annotations

import pytest

from aas_server.bindings.plant.browse_path import MAX_STEPS, parse_browse_path


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("/Objects", [(0, "Objects")]),
        ("/0:Objects/2:Pump 1/Speed", [(0, "Objects"), (2, "Pump 1"), (0, "Speed")]),
        (
            "/0:Objects/nsu=http://vendor.example/UA/;Pump/nsu=urn:a:b;Speed",
            [(0, "Objects"), ("http://vendor.example/UA/", "Pump"), ("urn:a:b", "Speed")],
        ),
        ("/0:Objects/0:a&/b&&c", [(0, "Objects"), (0, "a/b&c")]),
        ("/0:Objects/Ns:5:x", [(0, "Objects"), (0, "Ns:5:x")]),
    ],
)
def test_a_path_is_read_step_by_step(text: str, steps: list[tuple[str | int, str]]) -> None:
    assert parse_browse_path(text) == steps


@pytest.mark.parametrize(
    "text", ["", "Objects", "/", "//", "/0:Objects/", "/a&", "/x" * (MAX_STEPS + 1)]
)
def test_what_is_no_path_is_told_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="/0:Objects/"):
        parse_browse_path(text)
