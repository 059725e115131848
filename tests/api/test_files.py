"""Attachments and thumbnails over HTTP (IDTA-01002): in, out, replaced, gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from aas_server.api.app import AasApplication
from aas_server.api.settings import ApiSettings
from aas_server.live.hub import LiveHub
from aas_server.repository.repository import Repository
from aas_server.store.files import GRACE
from aas_server.store.protocol import FileEntry, Kind
from aas_server.store.sqlite import SqliteStore
from tests.api.documents import (
    API,
    DOCUMENTS,
    LONE_SHELL,
    SHELL,
    SHELL_ID,
    TYPES,
    TYPES_ID,
    element,
)
from tests.api.forms import form, part, put_file, send
from tests.api.results import refused
from tests.support.clock import FakeClock
from tests.support.services import make_app

ELEMENTS = f"{API}/submodels/{TYPES}/submodel-elements"
ELEMENT = f"{ELEMENTS}/Manual"
ATTACHMENT = f"{ELEMENT}/attachment"
THUMBNAIL = f"{API}/shells/{SHELL}/asset-information/thumbnail"


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(version="1")


BOTH = pytest.mark.parametrize("url", [ATTACHMENT, THUMBNAIL], ids=["attachment", "thumbnail"])


async def named_by(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    """Return what the document says of the file at ``url``."""
    if url == ATTACHMENT:
        read = (await client.get(ELEMENT)).json()
        return {"path": read.get("value"), "contentType": read.get("contentType")}
    asset: dict[str, Any] = (await client.get(url.removesuffix("/thumbnail"))).json()
    return asset.get("defaultThumbnail", {"path": None, "contentType": None})


@BOTH
async def test_a_file_comes_back_as_it_was_sent(client: httpx.AsyncClient, url: str) -> None:
    content = bytes(range(256)) * 5000
    put = await put_file(client, url, content)
    assert (put.status_code, put.content) == (204, b"")
    read = await client.get(url)
    assert read.status_code == 200
    assert read.content == content
    assert read.headers["content-type"] == "application/pdf"
    assert read.headers["content-length"] == str(len(content))
    assert read.headers["content-disposition"] == 'attachment; filename="manual.pdf"'
    assert read.headers["etag"] == put.headers["etag"]
    assert read.headers["accept-ranges"] == "bytes"
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.headers["content-security-policy"] == "sandbox"


@BOTH
async def test_the_document_names_the_file_and_its_type(
    client: httpx.AsyncClient, url: str
) -> None:
    await put_file(client, url, b"%PDF", file_name="Presse 4 ü.pdf")
    assert await named_by(client, url) == {
        "path": "/aasx/files/Presse_4__.pdf",
        "contentType": "application/pdf",
    }


@BOTH
@pytest.mark.parametrize(
    ("declared", "file_name", "kept"),
    [
        ("image/png", "a.pdf", "image/png"),
        ("text/plain; charset=utf-8", "a", "text/plain; charset=utf-8"),
        (None, "a.pdf", "application/pdf"),
        ("application/octet-stream", "a.png", "image/png"),
        (None, "a.unknown-suffix", "application/octet-stream"),
        ("no media type", "a.png", "image/png"),
        ("text/" + "x" * 200, "a.txt", "text/plain"),
    ],
)
async def test_the_type_is_what_the_form_says_as_far_as_the_metamodel_allows(
    client: httpx.AsyncClient, url: str, declared: str | None, file_name: str, kept: str
) -> None:
    await put_file(client, url, b"x", file_name=file_name, content_type=declared)
    assert (await named_by(client, url))["contentType"] == kept
    assert (await client.get(url)).headers["content-type"] == kept


@BOTH
async def test_a_file_is_replaced_and_taken_away(client: httpx.AsyncClient, url: str) -> None:
    first = await put_file(client, url, b"first", file_name="a.txt")
    second = await put_file(client, url, b"second", file_name="b.txt")
    assert first.headers["etag"] != second.headers["etag"]
    assert (await client.get(url)).content == b"second"
    assert (await named_by(client, url))["path"] == "/aasx/files/b.txt"
    deleted = await client.delete(url)
    assert deleted.status_code == (200 if url == ATTACHMENT else 204)
    assert deleted.content == b""
    assert (await named_by(client, url))["path"] is None
    refused(await client.get(url), 404)
    refused(await client.delete(url), 404)


async def test_deleted_files_are_named_no_more(
    client: httpx.AsyncClient, filled: Repository
) -> None:
    for url in (ATTACHMENT, THUMBNAIL):
        await put_file(client, url, b"x")
        await put_file(client, url, b"y", file_name="other.pdf")
    assert len(await filled.file_entries(Kind.SUBMODEL, TYPES_ID)) == 1
    assert len(await filled.file_entries(Kind.SHELL, SHELL_ID)) == 1
    await client.delete(ATTACHMENT)
    await client.delete(f"{API}/shells/{SHELL}")
    assert await filled.file_entries(Kind.SUBMODEL, TYPES_ID) == []
    assert await filled.file_entries(Kind.SHELL, SHELL_ID) == []


async def test_a_submodel_keeps_its_file_while_it_names_it(client: httpx.AsyncClient) -> None:
    url = f"{API}/submodels/{TYPES}"
    manual = element("File", "Manual", contentType="text/plain", value="/other")
    without = {"modelType": "Submodel", "id": TYPES_ID, "submodelElements": [manual]}
    assert (await client.put(url, json=without)).status_code == 204
    await put_file(client, ATTACHMENT, b"x")
    document = (await client.get(url)).json()
    assert (await client.put(url, json={**document, "idShort": "Other"})).status_code == 204
    assert (await client.get(ATTACHMENT)).content == b"x"
    assert (await client.put(url, json=without)).status_code == 204
    refused(await client.get(ATTACHMENT), 404)


async def test_elements_whose_files_are_called_the_same_keep_their_own(
    client: httpx.AsyncClient,
) -> None:
    for name in ("Other", "Third"):
        body = element("File", name, contentType="text/plain")
        assert (await client.post(ELEMENTS, json=body)).status_code == 201
    for name, file_name in (("Manual", "a.txt"), ("Other", "A.TXT"), ("Third", "a.txt")):
        await put_file(client, f"{ELEMENTS}/{name}/attachment", name.encode(), file_name=file_name)
    paths = [
        (await client.get(f"{ELEMENTS}/{name}")).json()["value"] for name in ("Other", "Third")
    ]
    assert paths == ["/aasx/files/A-2.TXT", "/aasx/files/a-3.txt"]
    for name in ("Manual", "Other", "Third"):
        read = await client.get(f"{ELEMENTS}/{name}/attachment")
        assert read.content == name.encode()


async def test_a_file_in_a_list_is_reached_by_its_index(client: httpx.AsyncClient) -> None:
    items = [{"modelType": "File", "contentType": "text/plain"} for _ in range(12)]
    body = element("SubmodelElementList", "Files", typeValueListElement="File", value=items)
    assert (await client.post(ELEMENTS, json=body)).status_code == 201
    for path in ("Files%5B11%5D", "Files[2]"):
        url = f"{ELEMENTS}/{path}/attachment"
        assert (await put_file(client, url, path.encode())).status_code == 204
        assert (await client.get(url)).content == path.encode()
    value = (await client.get(f"{ELEMENTS}/Files[11]")).json()["value"]
    assert value == "/aasx/files/manual.pdf"


async def test_a_shells_own_paths_lead_to_the_same_attachment(client: httpx.AsyncClient) -> None:
    url = ATTACHMENT.replace("/submodels/", f"/shells/{SHELL}/submodels/")
    await put_file(client, url, b"through the shell")
    assert (await client.get(ATTACHMENT)).content == b"through the shell"


@pytest.mark.parametrize(
    ("file_name", "header"),
    [
        ("a b-1.pdf", 'attachment; filename="a b-1.pdf"'),
        ("Grün.pdf", "attachment; filename=\"Gr_n.pdf\"; filename*=UTF-8''Gr%C3%BCn.pdf"),
        ('a"b.pdf', "attachment; filename=\"a_b.pdf\"; filename*=UTF-8''a%22b.pdf"),
        ("a%b;c.pdf", "attachment; filename=\"a_b_c.pdf\"; filename*=UTF-8''a%25b%3Bc.pdf"),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("C:\\folder\\a.pdf", 'attachment; filename="a.pdf"'),
        ("a\r\nSet-Cookie: b", None),
        ("..", 'attachment; filename="manual.pdf"'),
        ("x" * 300, f'attachment; filename="{"x" * 255}"'),
    ],
)
async def test_the_download_has_the_name_of_the_upload_and_nothing_else_in_its_header(
    client: httpx.AsyncClient, file_name: str, header: str | None
) -> None:
    body = form(part("fileName", file_name.encode()), part("file", b"x", file_name="manual.pdf"))
    assert (await send(client, ATTACHMENT, body)).status_code == 204
    read = await client.get(ATTACHMENT)
    assert "set-cookie" not in read.headers
    if header is not None:
        assert read.headers["content-disposition"] == header


@pytest.mark.parametrize(
    ("query", "fields", "file_name", "expected"),
    [
        ("", [b"field.txt"], "part.txt", "field.txt"),
        ("?fileName=query.txt", [], "part.txt", "query.txt"),
        ("?fileName=query.txt", [b"field.txt"], "part.txt", "field.txt"),
        ("", [], "part.txt", "part.txt"),
        ("", [b""], None, "file"),
    ],
)
async def test_the_name_is_that_of_the_field_the_parameter_or_the_part(
    client: httpx.AsyncClient,
    query: str,
    fields: list[bytes],
    file_name: str | None,
    expected: str,
) -> None:
    parts = [part("fileName", each) for each in fields]
    body = form(part("file", b"x", file_name=file_name), *parts)
    assert (await send(client, ATTACHMENT + query, body)).status_code == 204
    disposition = (await client.get(ATTACHMENT)).headers["content-disposition"]
    assert disposition == f'attachment; filename="{expected}"'


@BOTH
async def test_head_says_what_get_says_without_the_content(
    client: httpx.AsyncClient, url: str
) -> None:
    await put_file(client, url, b"content")
    read, head = await client.get(url), await client.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == read.headers


@BOTH
async def test_what_the_client_has_is_not_sent_again(client: httpx.AsyncClient, url: str) -> None:
    tag = (await put_file(client, url, b"content")).headers["etag"]
    for method in ("GET", "HEAD"):
        for condition in (tag, "*", f'"other", W/{tag}'):
            for more in ({}, {"range": "bytes=0-1"}):
                headers = {"if-none-match": condition, **more}
                answer = await client.request(method, url, headers=headers)
                assert (answer.status_code, answer.content) == (304, b"")
                assert answer.headers["etag"] == tag
    fresh = await client.get(url, headers={"if-none-match": '"other"'})
    assert (fresh.status_code, fresh.content) == (200, b"content")
    refused(await client.get(url, headers={"if-none-match": "no tag"}), 400)


@BOTH
async def test_conditions_are_about_the_file_at_this_address(
    client: httpx.AsyncClient, url: str
) -> None:
    refused(await put_file(client, url, b"x", if_match="*"), 412)
    refused(await client.delete(url, headers={"if-match": "*"}), 412)
    first = await put_file(client, url, b"first", if_none_match="*")
    assert first.status_code == 204
    refused(await put_file(client, url, b"x", if_none_match="*"), 412)
    tag = first.headers["etag"]
    second = await put_file(client, url, b"second", if_match=tag)
    assert second.status_code == 204
    refused(await put_file(client, url, b"x", if_match=tag), 412)
    refused(await client.delete(url, headers={"if-match": tag}), 412)
    assert (await client.get(url)).content == b"second"
    deleted = await client.delete(url, headers={"if-match": second.headers["etag"]})
    assert deleted.status_code in (200, 204)


@pytest.mark.parametrize(
    ("url", "status", "text"),
    [
        (f"{ELEMENTS}/Missing/attachment", 404, "Missing"),
        (f"{ELEMENTS}/Group.Missing/attachment", 404, "Missing"),
        (f"{API}/submodels/{SHELL}/submodel-elements/Manual/attachment", 404, SHELL_ID),
        (f"{API}/shells/{TYPES}/asset-information/thumbnail", 404, TYPES_ID),
        (f"{ELEMENTS}/Number/attachment", 405, "Property"),
        (f"{ELEMENTS}/Icon/attachment", 405, "Blob"),
        (f"{ELEMENTS}/Group/attachment", 405, "SubmodelElementCollection"),
        (f"{ELEMENTS}/Group..Inside/attachment", 400, "idShortPath"),
        (f"{API}/submodels/%21/submodel-elements/Manual/attachment", 400, "submodelIdentifier"),
        (f"{API}/shells/%21/asset-information/thumbnail", 400, "aasIdentifier"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_what_has_no_file_is_refused(
    client: httpx.AsyncClient, method: str, url: str, status: int, text: str
) -> None:
    if method == "PUT":
        answer = await put_file(client, url, b"x")
    else:
        answer = await client.request(method, url)
    assert text in refused(answer, status)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (ATTACHMENT, "nothing was uploaded for it"),
        (f"{API}/shells/{LONE_SHELL}/asset-information/thumbnail", "nothing was uploaded yet"),
    ],
)
async def test_a_file_that_was_never_uploaded_is_not_found(
    client: httpx.AsyncClient, url: str, reason: str
) -> None:
    assert reason in refused(await client.get(url), 404)


async def test_a_file_elsewhere_is_said_to_be_there(client: httpx.AsyncClient) -> None:
    body = element("File", "Manual", contentType="text/plain", value="https://example.com/a.txt")
    assert (await client.put(ELEMENT, json=body)).status_code == 204
    assert "it is elsewhere" in refused(await client.get(ATTACHMENT), 404)


@BOTH
async def test_a_body_that_is_no_form_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, url: str
) -> None:
    before = await named_by(client, url)
    raw = await client.put(url, content=b"raw", headers={"content-type": "application/pdf"})
    assert "multipart/form-data" in refused(raw, 415)
    assert await named_by(client, url) == before


class TestLimits:
    @pytest.fixture
    def settings(self) -> ApiSettings:
        return ApiSettings(version="1", max_upload=1000)

    @BOTH
    async def test_one_byte_too_much_is_refused_and_changes_nothing(
        self, client: httpx.AsyncClient, filled: Repository, url: str
    ) -> None:
        before = await named_by(client, url)
        frame = len(form(part("file", b"", file_name="a", content_type="a/b")))
        answers = [
            await put_file(
                client, url, b"x" * (1000 - frame + more), file_name="a", content_type="a/b"
            )
            for more in (1, 0)
        ]
        assert "1000 bytes" in refused(answers[0], 413)
        assert answers[1].status_code == 204
        assert answers[0].headers["connection"] == "close"
        assert await named_by(client, url) != before


@BOTH
async def test_a_client_that_stops_in_the_middle_changes_nothing(
    app: AasApplication, client: httpx.AsyncClient, filled: Repository, url: str
) -> None:
    await put_file(client, url, b"kept")
    before = await named_by(client, url)
    body = form(part("file", b"x" * 3000, file_name="a", content_type="a/b"))
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": body[:2000], "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send_on(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "PUT",
        "path": url,
        "raw_path": url.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"multipart/form-data; boundary=the-boundary")],
    }
    await app(scope, receive, send_on)
    assert sent == []
    assert await named_by(client, url) == before
    assert (await client.get(url)).content == b"kept"


async def test_what_fails_before_the_first_byte_is_a_result(
    client: httpx.AsyncClient, filled: Repository
) -> None:
    await put_file(client, ATTACHMENT, b"content")
    filled._store._files.clear()  # type: ignore[attr-defined]
    assert "no file with the digest" in refused(await client.get(ATTACHMENT), 404)


@pytest.fixture
async def sqlite_client(
    tmp_path: Path, clock: FakeClock, hub: LiveHub
) -> AsyncIterator[tuple[httpx.AsyncClient, SqliteStore]]:
    """A client of an application whose documents are in a real database."""
    store = SqliteStore(tmp_path / "data", clock)
    await store.open()
    repository = Repository(store, hub, clock)
    await repository.open()
    await repository.add_missing(DOCUMENTS, actor="test")
    app = make_app(repository, clock)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client, store
    await store.close()


@BOTH
async def test_readers_see_the_old_or_the_new_file_while_others_replace_it(
    sqlite_client: tuple[httpx.AsyncClient, SqliteStore], clock: FakeClock, url: str
) -> None:
    client, _ = sqlite_client
    contents = {bytes([number]) * (2_000_000 if number % 2 else 5) for number in range(12)}
    await put_file(client, url, b"\0" * 5)
    done = asyncio.Event()

    async def replace() -> None:
        for content in sorted(contents):
            # Each file is old enough to go when it is replaced.
            clock.advance(2 * GRACE / 1_000_000)
            assert (await put_file(client, url, content)).status_code == 204
        done.set()

    async def read() -> int:
        reads = 0
        while not done.is_set():
            answer = await client.get(url)
            assert answer.status_code == 200, answer.text
            assert answer.content in contents
            reads += 1
        return reads

    async with asyncio.timeout(60):
        reads = await asyncio.gather(*(read() for _ in range(8)), replace())
    assert sum(each for each in reads if each) > 12


async def named_files(store: SqliteStore) -> list[FileEntry]:
    return [entry async for each in store.documents() for entry in each.files.values()]


async def test_a_file_that_was_found_is_read_though_it_was_replaced_meanwhile(
    sqlite_client: tuple[httpx.AsyncClient, SqliteStore], clock: FakeClock
) -> None:
    client, store = sqlite_client
    await put_file(client, ATTACHMENT, b"old")
    clock.advance(2 * GRACE / 1_000_000)
    (entry,) = await named_files(store)
    await put_file(client, ATTACHMENT, b"new")
    await put_file(client, THUMBNAIL, b"another commit and sweep")
    assert [piece async for piece in store.read_file(entry.content.digest)] == [b"old"]


async def test_a_store_that_cannot_be_read_is_unavailable(
    sqlite_client: tuple[httpx.AsyncClient, SqliteStore],
) -> None:
    client, store = sqlite_client
    await put_file(client, ATTACHMENT, b"content")
    await store.close()
    refused(await client.get(ATTACHMENT), 503)


@BOTH
async def test_of_changes_that_build_on_the_same_file_only_one_is_made(
    sqlite_client: tuple[httpx.AsyncClient, SqliteStore], url: str
) -> None:
    client, _ = sqlite_client
    tag = (await put_file(client, url, b"first")).headers["etag"]
    answers = await asyncio.gather(
        *(put_file(client, url, b"%d" % number, if_match=tag) for number in range(8))
    )
    assert sorted(each.status_code for each in answers) == [204] + [412] * 7
    (made,) = [number for number, each in enumerate(answers) if each.status_code == 204]
    assert (await client.get(url)).content == b"%d" % made


@BOTH
async def test_files_that_replace_each_other_at_the_same_time_leave_one(
    sqlite_client: tuple[httpx.AsyncClient, SqliteStore], url: str
) -> None:
    client, store = sqlite_client
    await asyncio.gather(
        *(put_file(client, url, b"%d" % number, file_name=f"{number}.txt") for number in range(8))
    )
    (entry,) = await named_files(store)
    assert entry.path == (await named_by(client, url))["path"]
    assert (await client.get(url)).content.decode() == entry.file_name.removesuffix(".txt")
