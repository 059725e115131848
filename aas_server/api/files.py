"""Files of elements and thumbnails of shells (IDTA-01002), streamed in and out.

The value of a File names its content within the submodel, and the path of the default thumbnail
within the shell: an upload makes such a name and sets it together with the content.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable
from typing import Final

from aas_core3_1.verification import verify_content_type

from aas_server.api.call import Answer, Call
from aas_server.api.multipart import Upload, read_upload
from aas_server.api.ranges import file_response, file_tag, tag_header
from aas_server.api.responses import Response, no_content
from aas_server.api.shells import shell_of
from aas_server.api.submodels import submodel_of
from aas_server.errors import NotAllowed, NotFound
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.tree import Node, resolve, walk, with_changed
from aas_server.repository.unit import Unit
from aas_server.store.protocol import FileEntry, Kind

FOLDER: Final = "/aasx/files/"
"""Where uploaded files stand, as they would in a package."""

_BINARY: Final = "application/octet-stream"


async def get_attachment(call: Call) -> Answer:
    """Answer with the content of a File."""
    submodel = await submodel_of(call)
    element = _file(submodel.tree(), call.id_short_path())
    entry = await _entry(call, Kind.SUBMODEL, submodel.id, element.get("value"))
    return await file_response(call, entry)


async def put_attachment(call: Call) -> Response:
    """Set the content of a File, and its value and content type with it."""
    submodel_id = (await submodel_of(call)).id
    path = call.id_short_path()
    await _file_to_change(call, call.repository.unit(actor=call.actor), submodel_id, path)
    upload = await read_upload(call, call.repository.write_file)

    async def put(unit: Unit) -> FileEntry:
        submodel, element = await _file_to_change(call, unit, submodel_id, path)
        name = _free_name(upload.file_name, _values_but(submodel, path))
        entry = _new_entry(Kind.SUBMODEL, submodel_id, name, upload)
        changed = {**element, "value": name, "contentType": entry.content_type}
        tree = with_changed(submodel, path, lambda _: changed)
        await unit.replace(Kind.SUBMODEL, submodel_id, tree, path=format_id_short_path(path))
        unit.put_file(entry)
        return entry

    return no_content([tag_header(await call.repository.change(put, actor=call.actor))])


async def delete_attachment(call: Call) -> Response:
    """Delete the content of a File, and its value with it."""
    submodel_id = (await submodel_of(call)).id
    path = call.id_short_path()

    async def delete(unit: Unit) -> None:
        submodel, element = await _file_to_change(call, unit, submodel_id, path)
        await _entry(call, Kind.SUBMODEL, submodel_id, element.get("value"))
        changed = {name: value for name, value in element.items() if name != "value"}
        tree = with_changed(submodel, path, lambda _: changed)
        await unit.replace(Kind.SUBMODEL, submodel_id, tree, path=format_id_short_path(path))

    await call.repository.change(delete, actor=call.actor)
    return Response(200, ((b"content-length", b"0"),), b"")


async def get_thumbnail(call: Call) -> Answer:
    """Answer with the picture of the shell's asset."""
    shell = await shell_of(call)
    entry = await _entry(call, Kind.SHELL, shell.id, _thumbnail(shell.tree()))
    return await file_response(call, entry)


async def put_thumbnail(call: Call) -> Response:
    """Set the picture of the shell's asset."""
    shell_id = (await shell_of(call)).id
    await _shell_to_change(call, call.repository.unit(actor=call.actor), shell_id)
    upload = await read_upload(call, call.repository.write_file)
    entry = _new_entry(Kind.SHELL, shell_id, _free_name(upload.file_name, ()), upload)
    thumbnail = {"path": entry.path, "contentType": entry.content_type}

    async def put(unit: Unit) -> None:
        shell = await _shell_to_change(call, unit, shell_id)
        asset = {**_asset(shell), "defaultThumbnail": thumbnail}
        await unit.replace(Kind.SHELL, shell_id, _with_asset(shell, asset))
        unit.put_file(entry)

    await call.repository.change(put, actor=call.actor)
    return no_content([tag_header(entry)])


async def delete_thumbnail(call: Call) -> Response:
    """Delete the picture of the shell's asset."""
    shell_id = (await shell_of(call)).id

    async def delete(unit: Unit) -> None:
        shell = await _shell_to_change(call, unit, shell_id)
        if _thumbnail(shell) is None:
            raise NotFound(f"the shell {shell_id!r} has no thumbnail")
        asset = {name: value for name, value in _asset(shell).items() if name != "defaultThumbnail"}
        await unit.replace(Kind.SHELL, shell_id, _with_asset(shell, asset))

    await call.repository.change(delete, actor=call.actor)
    return no_content()


async def _file_to_change(
    call: Call, unit: Unit, submodel_id: str, path: IdShortPath
) -> tuple[Node, Node]:
    """Return the submodel and the File in it as ``unit`` finds them.

    Raises ``NotFound``, ``NotAllowed``, and ``PreconditionFailed`` unless the content is as the
    call demands.
    """
    submodel = await _found(unit, Kind.SUBMODEL, submodel_id)
    element = _file(submodel, path)
    await _require(call, unit, Kind.SUBMODEL, submodel_id, element.get("value"))
    return submodel, element


async def _shell_to_change(call: Call, unit: Unit, shell_id: str) -> Node:
    shell = await _found(unit, Kind.SHELL, shell_id)
    await _require(call, unit, Kind.SHELL, shell_id, _thumbnail(shell))
    return shell


async def _require(call: Call, unit: Unit, kind: Kind, owner: str, name: object) -> None:
    entry = await unit.file(kind, owner, name) if isinstance(name, str) else None
    call.conditions().require(None if entry is None else file_tag(entry))


async def _found(unit: Unit, kind: Kind, identifier: str) -> Node:
    tree = await unit.find(kind, identifier)
    if tree is None:
        raise NotFound(f"there is no {kind.value} with the id {identifier!r}")
    return tree


def _file(submodel: Node, path: IdShortPath) -> Node:
    element = resolve(submodel, path)
    if element["modelType"] != "File":
        raise NotAllowed(f"a {element['modelType']} has no attachment: only a File has")
    return element


async def _entry(call: Call, kind: Kind, owner: str, name: object) -> FileEntry:
    """Return the file that a document calls ``name``; raises ``NotFound`` that says why not."""
    if not isinstance(name, str) or not name:
        raise NotFound("there is no file here: nothing was uploaded yet")
    entry = await call.repository.file_entry(kind, owner, name)
    if entry is None:
        elsewhere = "it is elsewhere" if "://" in name else "nothing was uploaded for it"
        raise NotFound(f"the content of {name!r} is not on this server: {elsewhere}")
    return entry


def _new_entry(kind: Kind, owner: str, name: str, upload: Upload) -> FileEntry:
    declared = upload.content_type
    if declared is None or declared == _BINARY or any(verify_content_type(declared)):
        declared = mimetypes.guess_type(upload.file_name)[0] or _BINARY
    return FileEntry(kind, owner, name, upload.content, declared, upload.file_name)


def _free_name(file_name: str, taken: Iterable[str]) -> str:
    """Return a path for ``file_name`` that is none of ``taken``; it must be a URI reference."""
    stem, dot, suffix = "".join(map(_safe, file_name)).rpartition(".")
    # Names of parts of a package differ in more than case.
    others = {each.lower() for each in taken}
    number = 1
    name = f"{FOLDER}{stem}{dot}{suffix}"
    while name.lower() in others:
        number += 1
        name = f"{FOLDER}{stem or suffix}-{number}{dot}{suffix if stem else ''}"
    return name


def _safe(character: str) -> str:
    keeps = character.isascii() and (character.isalnum() or character in "._-")
    return character if keeps else "_"


def _values_but(submodel: Node, path: IdShortPath) -> Iterable[str]:
    return (
        element.get("value", "")
        for each, element in walk(submodel)
        if each != path and element.get("modelType") == "File"
    )


def _asset(shell: Node) -> Node:
    asset: Node = shell.get("assetInformation") or {}
    return asset


def _with_asset(shell: Node, asset: Node) -> Node:
    return {**shell, "assetInformation": asset}


def _thumbnail(shell: Node) -> str | None:
    path: str | None = (_asset(shell).get("defaultThumbnail") or {}).get("path")
    return path
