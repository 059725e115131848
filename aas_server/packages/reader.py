"""Reading what suppliers send: AASX packages and bare environments."""

from __future__ import annotations

import asyncio
import mimetypes
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

from aas_server.errors import BadRequest, Finding
from aas_server.packages.container import MAX_READ, Container
from aas_server.packages.contents import PACKAGE, Contents, PackagedFile
from aas_server.packages.environments import read_environment, read_environments
from aas_server.packages.v2.changes import CONVERTED, HINT
from aas_server.store.protocol import Kind

_ORIGIN: Final = "/aasx/relationships/aasx-origin"
_SPEC: Final = "/aasx/relationships/aas-spec"
_SPLIT: Final = "/aasx/relationships/aas-spec-split"
_SUPPLEMENT: Final = "/aasx/relationships/aas-suppl"
_THUMBNAIL: Final = "/metadata/thumbnail"
"""How the types of relationships end; their hosts differ between tools."""
_BINARY: Final = "application/octet-stream"
_ZIP: Final = b"PK\x03\x04"
_PLUMBING: Final = frozenset({"/[Content_Types].xml", "/aasx/aasx-origin"})
_MISSING: Final = "a relationship leads to it, and it is not there"
_HINT_MISSING: Final = "add the part, or take the relationship out"
_HINT_ORIGIN: Final = "add a relationship of the package to /aasx/aasx-origin"
_HINT_ORPHAN: Final = "add a relationship aas-suppl from the part with the environment"
_HINT_SPEC: Final = "ask for the whole package: an environment of it is missing"


@contextmanager
def read_package(file: Path, *, only_packages: bool = False) -> Iterator[Contents]:
    """Yield what is in ``file``, an AASX package, JSON or XML; its files can be opened within.

    ``only_packages`` refuses a bare environment. Blocks: call it in a thread. Raises ``BadRequest``
    for what cannot be read at all; what is only odd is told by findings.
    """
    with file.open("rb") as opened:
        is_package = opened.read(4) == _ZIP
    if not is_package:
        if only_packages:
            raise BadRequest(
                "is no AASX package: it does not begin as a zip file does", path="file"
            )
        if file.stat().st_size > MAX_READ:
            raise BadRequest(f"is larger than {MAX_READ} bytes", path="file")
        yield read_environment(file.read_bytes(), "file")
        return
    container = Container(file)
    try:
        yield _contents(container)
    finally:
        container.close()


async def entered_package(stack: ExitStack, file: Path) -> Contents:
    """Return what ``read_package`` yields, read in a thread; ``stack`` closes it."""
    return await asyncio.to_thread(stack.enter_context, read_package(file))


def _contents(container: Container) -> Contents:
    findings: list[Finding] = []
    specs = list(_spec_parts(container, findings))
    if not specs:
        raise BadRequest("holds no environment: no relationship leads to one", path="file")
    contents = read_environments((spec, container.read(spec)) for spec in specs)
    thumbnails = [
        each.target for each in container.relationships("/") if each.type.endswith(_THUMBNAIL)
    ]
    names = dict.fromkeys(
        relationship.target
        for spec in specs
        for relationship in container.relationships(spec)
        if relationship.type.endswith(_SUPPLEMENT)
    ) | dict.fromkeys(thumbnails)
    for name in [name for name in names if name not in container]:
        findings.append(
            _odd(name, "a relationship leads to it, and it is not there", _HINT_MISSING)
        )
        del names[name]
    for name in _orphans(container):
        text = "no relationship leads to it: it is taken where a document names it"
        findings.append(_odd(name, text, _HINT_ORPHAN))
        names.setdefault(name)
    types = dict(container.content_types())
    for name in names:
        size = container.parts[name].file_size
        file = PackagedFile(name, size, _content_type(name, types), _opener(container, name))
        contents.files[name] = file
    _give_thumbnail(contents, [name for name in thumbnails if name in contents.files])
    contents.findings[:0] = findings
    return contents


def _spec_parts(container: Container, findings: list[Finding]) -> Iterator[str]:
    """Yield the names of the parts with environments, each once; 2.0 knew of parts of parts."""
    origins = [each.target for each in container.relationships("/") if each.type.endswith(_ORIGIN)]
    if not origins:
        findings.append(_odd("/_rels/.rels", "names no aasx-origin", _HINT_ORIGIN))
        origins = ["/aasx/aasx-origin"]
    waiting = deque(
        each.target
        for origin in origins
        for each in container.relationships(origin)
        if each.type.endswith(_SPEC)
    )
    seen: set[str] = set()
    while waiting:
        target = waiting.popleft()
        if target in seen:
            continue
        seen.add(target)
        if target not in container:
            findings.append(_odd(target, _MISSING, _HINT_SPEC, is_error=True))
            continue
        yield target
        waiting.extend(
            each.target for each in container.relationships(target) if each.type.endswith(_SPLIT)
        )


def _orphans(container: Container) -> list[str]:
    """Return the parts that nothing leads to, and that are no part of the container itself."""
    reached = {
        relationship.target
        for holder in container.parts
        if holder.endswith(".rels") and "/_rels/" in holder
        for relationship in container.relationships(_holder_of(holder))
    }
    return [
        name
        for name in container.parts
        if name not in reached
        and name not in _PLUMBING
        and "/_rels/" not in name
        and not name.startswith("/docProps/")
    ]


def _holder_of(relationships: str) -> str:
    """Return the part whose relationships stand in a part: ``/a/_rels/b.rels`` is of ``/a/b``."""
    folder, _, file = relationships.rpartition("/_rels/")
    return f"{folder}/{file.removesuffix('.rels')}"


def _give_thumbnail(contents: Contents, thumbnails: list[str]) -> None:
    """Make the thumbnail of a package of 2.0, which had no other, that of its only shell."""
    shells = contents.documents[Kind.SHELL]
    is_converted = any(each.code == CONVERTED for each in contents.findings)
    if not thumbnails or not is_converted:
        return
    name = thumbnails[0]
    if len(shells) != 1:
        text = "is the thumbnail of a package, not of one shell: it was left out"
        contents.findings.append(Finding(CONVERTED, name, text, False, name, HINT))
        return
    information = shells[0]["assetInformation"]
    information["defaultThumbnail"] = {
        "path": quote(name),
        "contentType": contents.files[name].content_type,
    }


def _content_type(name: str, types: dict[str, str]) -> str:
    extension = name[name.rfind(".") :].lower() if "." in name else ""
    declared = types.get(name) or types.get(extension)
    return declared or mimetypes.guess_type(name)[0] or _BINARY


def _opener(container: Container, name: str) -> Callable[[], AbstractContextManager[IO[bytes]]]:
    return lambda: container.open(name)


def _odd(path: str, text: str, hint: str, *, is_error: bool = False) -> Finding:
    return Finding(PACKAGE, path, text, is_error, path, hint)
