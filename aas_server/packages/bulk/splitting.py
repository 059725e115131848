"""JSON environments split into their documents, which stay bytes: no trees of all of them."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
from msgspec import Raw

from aas_server.errors import BadRequest
from aas_server.packages.container import MAX_READ
from aas_server.packages.contents import LISTS
from aas_server.packages.environments import BOM, is_xml_text, require_few
from aas_server.store.protocol import Kind

Documents: TypeAlias = dict[Kind, list[Raw]]
"""Documents of each kind in their order: places in the file that they are from."""

_OF_2_0: Final = b'"identification"'
"""A member of every document of metamodel 2.0."""
_HEAD: Final = 4096
_PIECE: Final = 8 * 1024**2
_MIN_BYTES: Final = 16
"""Bytes for each comma of a large environment at least: published ones have 25. What is split off
needs 64 bytes of memory, however small it is.
"""
_SMALL: Final = 500_000
"""Bytes of a document that need no look before it is decoded."""


class _Environment(msgspec.Struct, forbid_unknown_fields=True):
    """An environment of metamodel 3; the names are those of ``contents.LISTS``."""

    assetAdministrationShells: list[Raw] | None = None  # noqa: N815
    submodels: list[Raw] | None = None
    conceptDescriptions: list[Raw] | None = None  # noqa: N815


_decoder: Final = msgspec.json.Decoder(_Environment)


def split(file: Path, name: str) -> Documents | None:
    """Return the documents of the JSON environment in ``file``; ``name`` is for errors.

    None for what has to be read as a whole, which may be large no longer then: XML, metamodel 2.0,
    and what is no environment. A file that is larger is not read into memory, and must not change
    as long as there are documents of it. Raises ``BadRequest``, ``OSError``.
    """
    if file.stat().st_size > MAX_READ:
        return _split_large(file, name)
    body = file.read_bytes().removeprefix(BOM)
    if is_xml_text(body):
        return None
    require_few(body, name, is_xml=False)
    if _OF_2_0 in body:
        return None
    try:
        return _documents(_decoder.decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _split_large(file: Path, name: str) -> Documents:
    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    text = memoryview(mapped)
    if mapped[: len(BOM)] == BOM:
        text = text[len(BOM) :]
    if is_xml_text(bytes(text[:_HEAD])):
        raise BadRequest(f"is XML of more than {MAX_READ} bytes", path=name)
    _require_sparse(mapped, name)
    try:
        documents = _documents(_decoder.decode(text))
    except msgspec.ValidationError as error:
        expected = f"expected an object with {', '.join(LISTS)}, each an array"
        raise BadRequest(f"is no AAS environment of metamodel 3: {expected}", path=name) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"is neither JSON nor XML: {error}", path=name) from error
    _require_small(documents, name)
    return documents


def _documents(environment: _Environment) -> Documents:
    return {kind: getattr(environment, member) or [] for member, kind in LISTS.items()}


def _require_sparse(body: mmap.mmap, name: str) -> None:
    """Raise ``BadRequest`` for what may consist of so many documents that they need more memory
    than the file.
    """
    commas = sum(body[start : start + _PIECE].count(b",") for start in range(0, len(body), _PIECE))
    if commas * _MIN_BYTES > len(body):
        raise BadRequest("consists of hardly anything but brackets", path=name)


def _require_small(documents: Documents, name: str) -> None:
    """Raise ``BadRequest`` for a document that is more than a whole environment may be."""
    for member, kind in LISTS.items():
        for index, raw in enumerate(documents[kind]):
            size = memoryview(raw).nbytes
            if size > MAX_READ:
                text = f"{member}[{index}] is larger than {MAX_READ} bytes"
                raise BadRequest(text, path=name)
            if size > _SMALL:
                require_few(bytes(raw), name, is_xml=False)
