"""Forms with a file (RFC 7578): in whatever pieces they arrive, and broken in every way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aas_server.api.call import Call
from aas_server.api.multipart import (
    MAX_FIELD,
    MAX_HEADER,
    MAX_HEADERS,
    MAX_PARTS,
    Upload,
    read_upload,
)
from aas_server.api.parameters import Query
from aas_server.errors import AasError
from aas_server.repository.repository import Repository
from aas_server.store.protocol import StoredFile
from tests.api.documents import API, TYPES, TYPES_ID
from tests.api.forms import BOUNDARY, FORM, form, part, send
from tests.api.results import refused

URL = f"{API}/submodels/{TYPES}/submodel-elements/Manual/attachment"
FILE = part("file", b"content", file_name="a.txt", content_type="text/plain")


def headers(*lines: bytes) -> bytes:
    """Return a part with these headers."""
    return b"\r\n".join((f"--{BOUNDARY}".encode(), *lines, b"", b"content", b""))


BROKEN = {
    "empty body": (b"", "ends before its last boundary"),
    "no closing boundary": (FILE, "ends before its last boundary"),
    "half a closing boundary": (FILE + b"--the-bound", "ends before its last boundary"),
    "cut in the headers": (FILE[:40], "ends before its last boundary"),
    "cut in the content": (FILE[:-4], "ends before its last boundary"),
    "only the closing boundary": (form(), "file: the form has no part with this name"),
    "another boundary": (FILE.replace(b"--the", b"--other"), "is no multipart/form-data"),
    "no form at all": (b'{"file": "x"}', "is no multipart/form-data"),
    "no file": (form(part("fileName", b"a.txt")), "file: the form has no part"),
    "two files": (form(FILE, FILE), "two files"),
    "a part without a name": (
        form(headers(b'Content-Disposition: form-data; filename="a"')),
        "has no name",
    ),
    "a part without headers": (form(headers()), "has no name"),
    "no header": (form(headers(b"nonsense")), "is no multipart/form-data"),
    "a control character in a header's name": (
        form(headers(b"Content\x00Disposition: form-data")),
        "is no multipart/form-data",
    ),
    "a long header": (
        form(headers(b"Content-Disposition: form-data; name=" + b"x" * MAX_HEADER)),
        "header size exceeded",
    ),
    "many headers": (
        form(headers(*(b"X-Header-%d: value" % number for number in range(MAX_HEADERS + 1)))),
        "header count exceeded",
    ),
    "a long field": (
        form(part("fileName", b"x" * (MAX_FIELD + 1)), FILE),
        f"fileName: is longer than {MAX_FIELD} bytes",
    ),
    "a field that is no text": (form(part("fileName", b"\xff"), FILE), "fileName: is no UTF-8"),
    "many parts": (
        form(*(part("x", b"") for _ in range(MAX_PARTS)), FILE),
        f"more than {MAX_PARTS} parts",
    ),
    "broken behind the file": (form(FILE, headers(b"nonsense")), "is no multipart/form-data"),
}


@pytest.mark.parametrize("in_pieces", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(("body", "reason"), list(BROKEN.values()), ids=list(BROKEN))
async def test_a_broken_form_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, filled: Repository, body: bytes, reason: str, in_pieces: bool
) -> None:
    before = (await filled.submodels.get(TYPES_ID)).stored
    sent = pieces(body[at : at + 1] for at in range(len(body))) if in_pieces else body
    assert reason in refused(await send(client, URL, sent), 400)
    assert (await filled.submodels.get(TYPES_ID)).stored == before
    refused(await client.get(URL), 404)


@pytest.mark.parametrize(
    ("content_type", "status", "reason"),
    [
        ("multipart/form-data", 400, "Content-Type"),
        ("multipart/form-data; boundary=", 400, "Content-Type"),
        ('multipart/form-data; boundary=""', 400, "Content-Type"),
        (f"multipart/form-data; boundary={'x' * 71}", 400, "Content-Type"),
        ("multipart/form-data; charset=utf-8", 400, "Content-Type"),
        ("multipart/mixed; boundary=the-boundary", 415, "multipart/form-data"),
        ("application/json", 415, "application/json"),
        ("", 415, "multipart/form-data"),
    ],
)
async def test_a_body_that_does_not_say_what_it_is_is_refused(
    client: httpx.AsyncClient, content_type: str, status: int, reason: str
) -> None:
    answer = await send(client, URL, form(FILE), content_type=content_type)
    assert reason in refused(answer, status)


@pytest.mark.parametrize(
    "content_type",
    [f'Multipart/Form-Data;boundary="{BOUNDARY}"', f"{FORM}; charset=utf-8", f" {FORM} "],
)
async def test_the_content_type_may_be_written_in_other_ways(
    client: httpx.AsyncClient, content_type: str
) -> None:
    assert (await send(client, URL, form(FILE), content_type=content_type)).status_code == 204


async def test_what_stands_around_the_form_is_not_looked_at(client: httpx.AsyncClient) -> None:
    assert (await send(client, URL, b"\r\n" + form(FILE) + b"epilogue")).status_code == 204
    assert (await client.get(URL)).content == b"content"


FIELDS = st.lists(
    st.tuples(st.sampled_from(["fileName", "aasIds", "other", "Grün"]), st.text(max_size=20)),
    max_size=4,
)
CONTENTS = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from(
            [b"\r", b"\n", b"-", b"--", b"\r\n--", b"\r\n--the-boundar", b"--the-boundary", b"x"]
        ),
        max_size=12,
    )
    .map(b"".join)
    .filter(lambda content: b"\r\n--the-boundary" not in b"\r\n" + content),
)


@settings(deadline=None, max_examples=300)
@given(content=CONTENTS, before=FIELDS, after=FIELDS, data=st.data())
async def test_a_form_is_the_same_in_whatever_pieces_it_arrives(
    content: bytes,
    before: list[tuple[str, str]],
    after: list[tuple[str, str]],
    data: st.DataObject,
) -> None:
    body = form(
        *(part(name, value.encode()) for name, value in before),
        part("file", content, file_name="a.txt", content_type="text/plain"),
        *(part(name, value.encode()) for name, value in after),
    )
    upload, taken = await parsed(chunked(body, data))
    assert taken == content
    assert upload.content.size == len(content)
    assert upload.content_type == "text/plain"
    expected: dict[str, list[str]] = {}
    for name, value in (*before, *after):
        expected.setdefault(name, []).append(value)
    assert upload.fields == expected


@settings(deadline=None, max_examples=300)
@given(data=st.data())
async def test_no_damage_makes_a_form_fail_otherwise_than_by_a_refusal(data: st.DataObject) -> None:
    body = bytearray(form(part("fileName", b"a"), FILE))
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), max_size=5)
    ):
        body[place] = value
    try:
        upload, taken = await parsed(chunked(bytes(body), data))
    except AasError:
        return
    assert upload.content.size == len(taken)


def chunked(body: bytes, data: st.DataObject) -> list[bytes]:
    places = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    return [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True)]


async def parsed(messages: Iterable[bytes]) -> tuple[Upload, bytes]:
    """Return the form that arrives in ``messages``, and the content of its file."""
    waiting = list(messages)
    taken = bytearray()

    async def receive() -> Any:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def take_in(content: AsyncIterator[bytes]) -> StoredFile:
        async for piece in content:
            taken.extend(piece)
        return StoredFile("", len(taken))

    call = SimpleNamespace(
        receive=receive,
        settings=SimpleNamespace(max_upload=1_000_000),
        query=Query(b""),
        header={b"content-type": FORM}.get,
    )
    return await read_upload(cast("Call", call), take_in), bytes(taken)


async def pieces(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for each in parts:
        yield each
