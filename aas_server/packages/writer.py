"""Writing environments and AASX packages: the same bytes for the same content (IDTA-01005)."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import msgspec

from aas_server.metamodel.tree import Node
from aas_server.packages.environments import write_xml
from aas_server.packages.parts import NO_PARTS, Parts, assign_parts
from aas_server.packages.selection import Metamodel, Selection
from aas_server.packages.xml.grammar import NAMESPACE, NAMESPACE_3_0
from aas_server.repository.document import Document
from aas_server.store.protocol import FileEntry, Kind

ReadFile = Callable[[str], AsyncIterator[bytes]]
"""Gives the content of a file by its digest."""

_RELATIONSHIPS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_AASX: Final = "http://admin-shell.io/aasx/relationships"
_CONTENT_TYPES: Final = "http://schemas.openxmlformats.org/package/2006/content-types"
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_RELS_TYPE: Final = (
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
)
_THUMBNAIL: Final = f"{_RELATIONSHIPS}/metadata/thumbnail"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_PIECE_MODE: Final = 0o644 << 16


def write_json(selection: Selection, parts: Parts = NO_PARTS) -> bytes:
    """Return the environment as JSON: documents without live values byte for byte as stored."""
    members = [
        b'"%b":[%b]'
        % (name.encode(), b",".join(_body(selection, each, parts) for each in documents))
        for name, documents in selection.lists()
    ]
    return b"{%b}" % b",".join(members)


async def write_package(
    file: Path,
    selection: Selection,
    files: Iterable[FileEntry],
    read_file: ReadFile,
    *,
    as_xml: bool,
) -> None:
    """Write an AASX package to ``file``: the environment and ``files``, each content once.

    Raises ``Conflict`` for a document that cannot be written as XML, and what ``read_file`` raises.
    """
    parts = assign_parts(files)
    name = "aasx/data.xml" if as_xml else "aasx/data.json"
    # Documents belong to the event loop; writing what was taken from them does not.
    if as_xml:
        body = await asyncio.to_thread(environment_xml, selection.environment(parts), selection)
    else:
        body = write_json(selection, parts)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in _conventions(name, parts.files, as_xml=as_xml):
            archive.writestr(_info(part), content)
        await asyncio.to_thread(archive.writestr, _info(name), body)
        for part, entry in parts.files.items():
            with archive.open(_info(quote(part[1:])), "w", force_zip64=True) as target:
                async for piece in read_file(entry.content.digest):
                    await asyncio.to_thread(target.write, piece)


def environment_xml(environment: Node, selection: Selection) -> bytes:
    """Return the environment of ``selection`` as XML of its metamodel; raises ``Conflict``."""
    is_3_0 = selection.metamodel is Metamodel.V3_0
    return write_xml(environment, namespace=NAMESPACE_3_0 if is_3_0 else NAMESPACE)


def _conventions(
    name: str, files: Mapping[str, FileEntry], *, as_xml: bool
) -> Iterable[tuple[str, bytes | str]]:
    """Yield the parts that say what is what."""
    kind = "application/xml" if as_xml else "application/json"
    types = [("/" + name, kind), ("/aasx/aasx-origin", "text/plain")]
    types += [(quote(part), entry.content_type) for part, entry in files.items()]
    overrides = "".join(
        f"<Override PartName={quoteattr(part)} ContentType={quoteattr(media_type)}/>"
        for part, media_type in types
    )
    yield (
        "[Content_Types].xml",
        f'{_XML}<Types xmlns="{_CONTENT_TYPES}">{_RELS_TYPE}{overrides}</Types>',
    )
    pictures = [part for part, entry in files.items() if entry.kind is Kind.SHELL]
    thumbnails = [(_THUMBNAIL, quote(part)) for part in pictures[:1]]
    yield "_rels/.rels", _links([(f"{_AASX}/aasx-origin", "/aasx/aasx-origin"), *thumbnails])
    yield "aasx/aasx-origin", "Intentionally empty."
    yield "aasx/_rels/aasx-origin.rels", _links([(f"{_AASX}/aas-spec", "/" + name)])
    folder, _, file = name.rpartition("/")
    suppl = [(f"{_AASX}/aas-suppl", quote(part)) for part in files]
    yield f"{folder}/_rels/{file}.rels", _links(suppl)


def _links(targets: Iterable[tuple[str, str]]) -> str:
    links = "".join(
        f'<Relationship Id="R{number}" Type="{kind}" Target={quoteattr(target)}/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'{_XML}<Relationships xmlns="{_RELATIONSHIPS}">{links}</Relationships>'


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = _PIECE_MODE
    return info


def _body(selection: Selection, document: Document, parts: Parts) -> bytes:
    if selection.is_as_read(document) and not parts.has_renamed(document):
        return document.body()
    return msgspec.json.encode(parts.tree(document, selection.tree(document)))
