from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.api.paging import page_of
from aas_server.errors import BadRequest
from aas_server.metamodel.identifiers import encode_identifier

NAMES = [f"N{index}" for index in range(10)]


def pages(items: list[str], limit: int) -> list[list[str]]:
    found, cursor = [], None
    while True:
        page, cursor = page_of(items, str, limit=limit, cursor=cursor)
        found.append(list(page))
        if cursor is None:
            return found


@given(st.lists(st.text(max_size=5), max_size=20), st.integers(1, 25))
def test_pages_hold_everything_once_and_in_order_whatever_the_names(items, limit):
    found = pages(items, limit)
    assert [item for page in found for item in page] == items
    assert all(len(page) == limit for page in found[:-1])


@pytest.mark.parametrize(
    ("later", "following"),
    [
        (["New", *NAMES], "N4"),
        (NAMES[2:], "N4"),
        ([name for name in NAMES if name != "N3"], "N4"),
        ([*NAMES[:4], "New", *NAMES[4:]], "New"),
    ],
)
def test_the_next_page_follows_the_last_item_while_others_come_and_go(later, following):
    _, cursor = page_of(NAMES, str, limit=4, cursor=None)
    page, _ = page_of(later, str, limit=4, cursor=cursor)
    assert page[0] == following


def test_a_cursor_past_the_end_of_what_is_left_gives_an_empty_last_page():
    _, cursor = page_of(NAMES, str, limit=9, cursor=None)
    assert page_of(NAMES[:3], str, limit=9, cursor=cursor) == ([], None)


@pytest.mark.parametrize("text", ["", "4", "x:N3", "-1:N3", "9999999999:N3"])
def test_a_foreign_cursor_is_refused(text):
    with pytest.raises(BadRequest, match="cursor"):
        page_of(NAMES, str, limit=4, cursor=encode_identifier(text))
