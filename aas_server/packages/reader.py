"""Reading what suppliers send: AASX packages and bare environments."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

from aas_server.errors import BadRequest, Finding
from aas_server.packages.container import MAX_READ, Container
from aas_server.packages.contents import PACKAGE, Contents, PackagedFile
from aas_server.packages.environments import read_environment

_ORIGIN: Final = "/aasx/relationships/aasx-origin"
_SPEC: Final = "/aasx/relationships/aas-spec"
_SUPPLEMENT: Final = "/aasx/relationships/aas-suppl"
_THUMBNAIL: Final = "/metadata/thumbnail"
"""How the types of relationships end; their hosts differ between tools."""
_BINARY: Final = "application/octet-stream"
_ZIP: Final = b"PK\x03\x04"


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
    contents = Contents()
    specs = list(_spec_parts(container, contents))
    if not specs:
        raise BadRequest("holds no environment: no relationship leads to one", path="file")
    names: dict[str, None] = {}
    for spec in specs:
        found = read_environment(container.read(spec), spec)
        for kind, trees in found.documents.items():
            contents.documents[kind] += trees
        for relationship in container.relationships(spec):
            if relationship.type.endswith(_SUPPLEMENT):
                names[relationship.target] = None
    for relationship in container.relationships("/"):
        if relationship.type.endswith(_THUMBNAIL):
            names[relationship.target] = None
    types = dict(container.content_types())
    for name in names:
        if name not in container:
            contents.findings.append(_odd(name, "a relationship leads to it, and it is not there"))
            continue
        contents.files[name] = PackagedFile(
            name,
            container.parts[name].file_size,
            _content_type(name, types),
            _opener(container, name),
        )
    return contents


def _spec_parts(container: Container, contents: Contents) -> Iterator[str]:
    """Yield the names of the parts with environments, each once."""
    origins = [each.target for each in container.relationships("/") if each.type.endswith(_ORIGIN)]
    if not origins:
        contents.findings.append(_odd("/_rels/.rels", "names no aasx-origin"))
        origins = ["/aasx/aasx-origin"]
    seen: set[str] = set()
    for origin in origins:
        for relationship in container.relationships(origin):
            target = relationship.target
            if not relationship.type.endswith(_SPEC) or target in seen:
                continue
            seen.add(target)
            if target in container:
                yield target
            else:
                contents.findings.append(
                    _odd(target, "a relationship leads to it, and it is not there", is_error=True)
                )


def _content_type(name: str, types: dict[str, str]) -> str:
    extension = name[name.rfind(".") :].lower() if "." in name else ""
    declared = types.get(name) or types.get(extension)
    return declared or mimetypes.guess_type(name)[0] or _BINARY


def _opener(container: Container, name: str) -> Callable[[], AbstractContextManager[IO[bytes]]]:
    return lambda: container.open(name)


def _odd(path: str, text: str, *, is_error: bool = False) -> Finding:
    return Finding(PACKAGE, path, text, is_error)
