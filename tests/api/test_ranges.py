"""Ranges of files (RFC 9110, 14): parts of a download, or the reason why there is none."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.api.ranges import content_disposition
from tests.api.documents import API, TYPES
from tests.api.forms import put_file
from tests.api.results import refused

URL = f"{API}/submodels/{TYPES}/submodel-elements/Manual/attachment"
CONTENT = bytes(range(256)) * 8_000  # more than one piece of the store
SIZE = len(CONTENT)


@pytest.fixture
async def tag(client: httpx.AsyncClient) -> str:
    """The entity tag of a file that is there."""
    return (await put_file(client, URL, CONTENT)).headers["etag"]


@pytest.mark.usefixtures("tag")
@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=1048570-1048590", 1_048_570, 1_048_590),
        ("bytes=100-", 100, SIZE - 1),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        ("bytes=-1", SIZE - 1, SIZE - 1),
        ("bytes=-500", SIZE - 500, SIZE - 1),
        (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
        (f"bytes=5-{SIZE * 2}", 5, SIZE - 1),
        ("bytes= 10-19 ", 10, 19),
        ("BYTES=10-19", 10, 19),
    ],
)
async def test_one_range_is_given_alone(
    client: httpx.AsyncClient, header: str, first: int, last: int
) -> None:
    answer = await client.get(URL, headers={"range": header})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["content-length"] == str(last - first + 1)
    assert answer.content == CONTENT[first : last + 1]


@pytest.mark.usefixtures("tag")
@pytest.mark.parametrize("header", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0"])
async def test_a_range_behind_the_end_is_not_satisfiable(
    client: httpx.AsyncClient, header: str
) -> None:
    answer = await client.get(URL, headers={"range": header})
    assert str(SIZE) in refused(answer, 416)
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


@pytest.mark.usefixtures("tag")
@pytest.mark.parametrize(
    "header",
    [
        "bytes=0-1,5-6",
        "bytes=5-2",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=1",
        "items=0-1",
        "0-1",
        "bytes=0-1;q=1",
        f"bytes=0-{'9' * 30}",
    ],
)
async def test_several_ranges_and_what_is_none_are_answered_with_the_whole(
    client: httpx.AsyncClient, header: str
) -> None:
    answer = await client.get(URL, headers={"range": header})
    assert answer.status_code == 200
    assert "content-range" not in answer.headers
    assert answer.content == CONTENT


async def test_if_range_asks_for_the_whole_of_another_file(
    client: httpx.AsyncClient, tag: str
) -> None:
    for condition, status in (
        (tag, 206),
        (f"W/{tag}", 200),
        ('"other"', 200),
        ("Sat, 29 Oct 1994 19:43:31 GMT", 200),
    ):
        headers = {"range": "bytes=0-9", "if-range": condition}
        answer = await client.get(URL, headers=headers)
        assert answer.status_code == status, condition
        assert answer.content == CONTENT[: 10 if status == 206 else SIZE]


@pytest.mark.usefixtures("tag")
async def test_only_get_has_ranges(client: httpx.AsyncClient) -> None:
    for header in ("bytes=0-9", f"bytes={SIZE}-"):
        head = await client.head(URL, headers={"range": header})
        assert head.status_code == 200
        assert head.headers["content-length"] == str(SIZE)
        assert "content-range" not in head.headers


async def test_an_empty_file_is_given_whole_and_has_no_ranges(client: httpx.AsyncClient) -> None:
    await put_file(client, URL, b"")
    whole = await client.get(URL)
    assert (whole.status_code, whole.content) == (200, b"")
    assert whole.headers["content-length"] == "0"
    refused(await client.get(URL, headers={"range": "bytes=0-"}), 416)
    refused(await client.get(URL, headers={"range": "bytes=-1"}), 416)


@pytest.mark.usefixtures("tag")
async def test_a_download_can_be_put_together_from_its_ranges(client: httpx.AsyncClient) -> None:
    step = 700_001
    parts = [
        (await client.get(URL, headers={"range": f"bytes={start}-{start + step - 1}"})).content
        for start in range(0, SIZE, step)
    ]
    assert b"".join(parts) == CONTENT


@given(name=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_name_makes_one_header_that_tells_it(name: str) -> None:
    header = content_disposition(name)
    assert header.startswith(b'attachment; filename="')
    assert all(0x20 <= byte < 0x7F for byte in header)
    assert header.count(b'"') == 2
    extended = httpx.QueryParams(
        header.partition(b"filename*=UTF-8''")[2].decode().join(("n=", ""))
    )
    plain = header.split(b'"')[1].decode()
    assert name in (extended.get("n", ""), plain) or name == ""
