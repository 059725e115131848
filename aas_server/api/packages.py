"""The AASX file server (IDTA-01002): packages in and out, at once or as jobs."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from aas_server.api.call import Answer, Call
from aas_server.api.multipart import Upload, read_upload
from aas_server.api.paging import page_of_views
from aas_server.api.ranges import file_response, file_tag
from aas_server.api.responses import Response, created, no_content, view_response
from aas_server.errors import BadRequest
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.metamodel.tree import Node
from aas_server.operations.job import Job, JobState
from aas_server.operations.records import JsonCodec
from aas_server.packages.reader import read_package
from aas_server.store.protocol import FileEntry, Kind, StoredFile

_OWNER: Final = "packages"
_MAX_AAS_IDS: Final = 1000
_CODEC: Final = JsonCodec(dict[str, Any])
"""The result of a job is the description of the package."""


async def list_packages(call: Call) -> Response:
    """Answer with a page of packages: their ids and the shells in each."""
    aas_id = call.query.identifier("aasId")
    page = await call.services.packages.page(aas_id, limit=call.limit(), cursor=call.query.cursor())
    return page_of_views([_description(found.tree()) for found in page.documents], page.cursor)


async def post_package(call: Call) -> Response:
    """Keep a package."""
    upload = await read_upload(call, call.repository.write_file)
    description, _ = await _keep(call, upload, call.services.clock.new_id())
    return created(description, _location(call, description))


async def get_package(call: Call) -> Answer:
    """Answer with the bytes of a package."""
    entry = await call.services.packages.entry(call.identifier("packageId"))
    name = (b"x-filename", quote(entry.file_name, safe=" ()[]{}!#$&'+,;=@^`~").encode("ascii"))
    return await file_response(call, entry, headers=(name,))


async def put_package(call: Call) -> Response:
    """Keep a package in the place of the one with its id, or as a new one."""
    package_id = call.identifier("packageId")
    _require(call)(await call.repository.file_entry(Kind.PACKAGE, package_id, ""))
    upload = await read_upload(call, call.repository.write_file)
    description, is_new = await _keep(call, upload, package_id)
    return created(description, _location(call, description)) if is_new else no_content()


async def delete_package(call: Call) -> Response:
    """Delete a package."""
    await call.services.packages.delete(
        call.identifier("packageId"), actor=call.actor, require=_require(call)
    )
    return no_content()


async def post_package_async(call: Call) -> Response:
    """Keep a package; what is in it is looked at after the answer."""
    upload = await read_upload(call, call.repository.write_file)
    package_id = call.services.clock.new_id()

    async def work() -> Node:
        description, _ = await _keep(call, upload, package_id)
        return description

    job = await call.services.jobs.start(work, owner=_OWNER, codec=_CODEC)
    handle = encode_identifier(job.handle)
    location = call.origin.location(f"/packages-async/status/{handle}")
    return Response(202, ((b"location", location), (b"content-length", b"0")), b"")


async def get_package_status(call: Call) -> Response:
    """Answer how far an upload is; lead to its result once it has ended."""
    job = await _job(call)
    if not job.finished:
        return view_response({"executionState": job.state.value})
    location = call.origin.location(f"/packages-async/results/{call.values['handleId']}")
    return Response(302, ((b"location", location), (b"content-length", b"0")), b"")


async def get_package_result(call: Call) -> Response:
    """Answer how an upload ended."""
    job = await _job(call)
    result: Node = {"executionState": job.state.value}
    if job.finished:
        result["success"] = job.state is JobState.COMPLETED
    if job.error is not None:
        message = {"messageType": "Error", "code": job.error.code, "text": str(job.error)}
        result["messages"] = [message]
    elif job.result is not None:
        result |= job.result
    return view_response(result)


async def _job(call: Call) -> Job[Node]:
    return await call.services.jobs.find(call.identifier("handleId"), owner=_OWNER, codec=_CODEC)


async def _keep(call: Call, upload: Upload, package_id: str) -> tuple[Node, bool]:
    """Keep the package of ``upload``; return its description and whether it is a new one.

    The shells in it are those of the form, else its own.
    """
    aas_ids = _aas_ids(upload.fields.get("aasIds", ()))
    held = await _shells_in(call, upload.content)
    is_new = await call.services.packages.put(
        package_id,
        upload.content,
        file_name=upload.file_name,
        aas_ids=aas_ids or held,
        actor=call.actor,
        require=_require(call),
    )
    return {"packageId": package_id, "aasIds": aas_ids or held}, is_new


def _require(call: Call) -> Callable[[FileEntry | None], None]:
    """Return what demands that the bytes of a package are as the call wants them."""
    conditions = call.conditions()
    return lambda entry: conditions.require(None if entry is None else file_tag(entry))


async def _shells_in(call: Call, content: StoredFile) -> list[str]:
    """Return the ids of the shells in a package; raises ``BadRequest`` for what is none."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "package"
        await spool(file, call.repository.read_file(content.digest))
        await call.services.signatures.require(file)
        return await asyncio.to_thread(_read_shells, file)


def _read_shells(file: Path) -> list[str]:
    with read_package(file, only_packages=True) as contents:
        # What stands in an environment need not be an object with an id.
        shells: list[Any] = contents.documents[Kind.SHELL]
        found = [each.get("id") for each in shells if isinstance(each, dict)]
    return list(dict.fromkeys(each for each in found if isinstance(each, str)))


async def spool(file: Path, pieces: AsyncIterator[bytes]) -> int:
    """Write ``pieces`` to ``file`` and return how many bytes they were."""
    size = 0
    with file.open("wb") as opened:
        async for piece in pieces:
            size += len(piece)
            await asyncio.to_thread(opened.write, piece)
    return size


def _aas_ids(values: Iterable[str]) -> list[str]:
    """Return the ids in the fields aasIds: repeated, in a JSON array, or with commas between."""
    found: list[str] = []
    for value in values:
        if value.lstrip().startswith("["):
            try:
                entries = json.loads(value)
            except (json.JSONDecodeError, RecursionError) as error:
                raise BadRequest("is no JSON array", path="aasIds") from error
            if not all(isinstance(each, str) for each in entries):
                raise BadRequest("every id must be a text", path="aasIds")
            found += entries
        else:
            found += [each.strip() for each in value.split(",") if each.strip()]
    if len(found) > _MAX_AAS_IDS:
        raise BadRequest(f"names more than {_MAX_AAS_IDS} shells", path="aasIds")
    return list(dict.fromkeys(_plain(each) for each in found))


def _plain(identifier: str) -> str:
    """Return an id that may have been sent as base64url, as ids in paths are."""
    if ":" in identifier or "/" in identifier:
        return identifier
    try:
        decoded = base64.b64decode(
            identifier + "=" * (-len(identifier) % 4), altchars=b"-_", validate=True
        ).decode()
    except (binascii.Error, ValueError):
        return identifier
    return decoded if decoded.isprintable() and ":" in decoded else identifier


def _description(package: Node) -> Node:
    return {"packageId": package["id"], "aasIds": package["aasIds"]}


def _location(call: Call, description: Node) -> bytes:
    return call.origin.location(f"/packages/{encode_identifier(description['packageId'])}")
