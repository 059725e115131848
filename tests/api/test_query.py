from __future__ import annotations

import pytest

from aas_server.api.operations.table import OPERATIONS
from tests.api.documents import API
from tests.api.results import refused

PATHS = [path for each in OPERATIONS if each.handler == "query.query" for path in each.paths]


def test_five_kinds_can_be_queried_one_of_them_under_two_spellings():
    assert len(PATHS) == 6


@pytest.mark.parametrize("path", PATHS)
async def test_a_query_is_refused_in_words_that_say_what_works_instead(client, path):
    response = await client.post(f"{API}{path}", json={"$condition": {"$boolean": True}})
    text = refused(response, 501)
    assert "not carried out yet by this server version" in text
    assert "filters" in text


async def test_a_query_is_refused_whatever_its_body_says(client):
    response = await client.post(f"{API}/query/shells", content=b"\xff{")
    refused(response, 501)
