"""The container of a package: a zip file with the conventions of OPC, read with suspicion.

IDTA-01005; ECMA-376 part 2. Nothing in it is trusted: names, sizes, counts and relationships are
checked before anything is unpacked.
"""

from __future__ import annotations

import io
import posixpath
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path
from typing import IO, Final
from urllib.parse import unquote

from lxml import etree

from aas_server.errors import BadRequest

MAX_PARTS: Final = 10_000
MAX_TOTAL: Final = 4 * 1024**3
"""Bytes of all parts unpacked at most."""
MAX_READ: Final = 64 * 1024**2
"""Bytes of an environment that is read into memory at most."""
_MAX_MARKUP: Final = 16 * 1024**2
"""Bytes of all relationships at most, and of the content types: they are read in any case."""
_PIECE: Final = 1024**2
_MAX_TAGS: Final = 5 * MAX_PARTS
_MAX_RATIO: Final = 1000
_RATIO_FROM: Final = 1024**2
_MAX_RATIO_OF_ALL: Final = 200
_RATIO_OF_ALL_FROM: Final = 64 * 1024**2
_MAX_RATIO_READ: Final = 100
_RATIO_READ_FROM: Final = 4 * 1024**2
"""What is read into memory becomes many objects: published environments shrink to a 49th at most.
"""
_MAX_DIRECTORY: Final = MAX_PARTS * 1024
"""Bytes of the list of parts at most: it is read whole before anything can be counted."""
_DAMAGES: Final = (
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What reading a zip file raises for whatever is wrong with it."""

_OUTSIDE: Final = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]*:")
"""How a URI begins that leads out of a package, whatever TargetMode says."""
_RELATIONSHIP: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_TYPES: Final = "{http://schemas.openxmlformats.org/package/2006/content-types}"


@dataclass(frozen=True, slots=True)
class Relationship:
    """A relationship of a part: its type and the absolute name of the part it leads to; a URI for
    what is not in the package.
    """

    type: str
    target: str


class Container:
    """The parts of a package by their absolute names (``/aasx/data.xml``)."""

    def __init__(self, file: Path) -> None:
        self._file = _Bounded(io.FileIO(file))
        try:
            self._archive = _opened(self._file)
            self.parts = _parts(self._archive, file.stat().st_size)
            self._by_folded_name = {name.lower(): name for name in self.parts}
            self._relationships: dict[str, list[Relationship]] = {}
        except BaseException:
            self._file.close()
            raise

    def __contains__(self, name: str) -> bool:
        return name in self.parts

    def close(self) -> None:
        """Close the file."""
        self._archive.close()
        self._file.close()

    def read(self, name: str) -> bytes:
        """Return the bytes of a part; raises ``BadRequest`` for a too large or damaged one."""
        part = self.parts[name]
        if part.file_size > MAX_READ:
            raise BadRequest(f"is larger than {MAX_READ} bytes", path=name)
        large = part.file_size > _RATIO_READ_FROM
        if large and part.file_size > _MAX_RATIO_READ * max(part.compress_size, 1):
            raise BadRequest(f"unpacks to more than {_MAX_RATIO_READ} times its size", path=name)
        body = io.BytesIO()
        with self.open(name) as opened:
            # In pieces, for zipfile would hold the whole part twice.
            shutil.copyfileobj(opened, body, _PIECE)
        return body.getvalue()

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a part; in the block, reading what is damaged raises ``BadRequest``."""
        try:
            with self._archive.open(self.parts[name]) as opened:
                yield opened
        except _DAMAGES as error:
            raise BadRequest(f"is damaged: {error}", path=name) from error

    def relationships(self, name: str) -> list[Relationship]:
        """Return the relationships of a part, ``/`` for those of the package; none without any."""
        if name not in self._relationships:
            self._relationships[name] = list(self._read_relationships(name))
        return self._relationships[name]

    def _read_relationships(self, name: str) -> Iterator[Relationship]:
        folder, _, file = name.rpartition("/")
        holder = f"{folder}/_rels/{file}.rels"
        if holder not in self.parts:
            return
        for each in _xml(self.read(holder), holder).iter(_RELATIONSHIP):
            target = _absolute(each.get("Target", ""), folder)
            yield Relationship(each.get("Type", ""), self._named(target))

    def _named(self, target: str) -> str:
        """Return the name of a part as the package has it: case does not count (ECMA-376-2)."""
        return self._by_folded_name.get(target.lower(), target)

    def content_types(self) -> Iterator[tuple[str, str]]:
        """Yield part names, and extensions with a dot, each with its content type."""
        name = "/[Content_Types].xml"
        if name not in self.parts:
            return
        root = _xml(self.read(name), name)
        for each in root.iter(f"{_TYPES}Default"):
            yield "." + each.get("Extension", "").lower(), each.get("ContentType", "")
        for each in root.iter(f"{_TYPES}Override"):
            yield unquote(each.get("PartName", "")), each.get("ContentType", "")


class _Bounded(io.BufferedReader):
    """A file that refuses to be read in large pieces while ``is_bounded``."""

    is_bounded = True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; raises ``BadZipFile``."""
        if self.is_bounded and (size or 0) > _MAX_DIRECTORY:
            raise zipfile.BadZipFile(f"its list of parts has more than {_MAX_DIRECTORY} bytes")
        return super().read(size)


def _opened(file: _Bounded) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGES as error:
        raise BadRequest(f"is no AASX package: {error}", path="file") from error
    file.is_bounded = False
    return archive


def _parts(archive: zipfile.ZipFile, packed: int) -> dict[str, zipfile.ZipInfo]:
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
    if len(entries) > MAX_PARTS:
        raise BadRequest(f"has more than {MAX_PARTS} parts", path="file")
    total = sum(entry.file_size for entry in entries)
    if total > MAX_TOTAL:
        raise BadRequest(f"holds more than {MAX_TOTAL} bytes", path="file")
    if total > _RATIO_OF_ALL_FROM and total > _MAX_RATIO_OF_ALL * packed:
        raise BadRequest(f"unpacks to more than {_MAX_RATIO_OF_ALL} times its size", path="file")
    markup = sum(entry.file_size for entry in entries if _is_markup(entry.filename))
    if markup > _MAX_MARKUP:
        raise BadRequest(f"has relationships of more than {_MAX_MARKUP} bytes", path="file")
    parts: dict[str, zipfile.ZipInfo] = {}
    seen: set[str] = set()
    for entry in entries:
        name = _part_name(entry)
        if name.lower() in seen:
            raise BadRequest("is there twice", path=name)
        seen.add(name.lower())
        parts[name] = entry
    return parts


def _is_markup(name: str) -> bool:
    return name.endswith((".rels", "[Content_Types].xml"))


def _part_name(entry: zipfile.ZipInfo) -> str:
    name = unquote(entry.filename)
    if not name:
        raise BadRequest("a part must have a name", path="file")
    if name.startswith(("/", "\\")) or "\\" in name or ":" in name.split("/", 1)[0]:
        raise BadRequest("a part must have a relative name", path=name)
    if any(segment in ("", ".", "..") for segment in name.split("/")):
        raise BadRequest("a part must not lead out of its folder", path=name)
    if entry.flag_bits & 0x1:
        raise BadRequest("is encrypted", path=name)
    if (entry.external_attr >> 16) & 0o170000 == 0o120000:
        raise BadRequest("is a symbolic link", path=name)
    large = entry.file_size > _RATIO_FROM
    if large and entry.file_size > _MAX_RATIO * max(entry.compress_size, 1):
        raise BadRequest(f"unpacks to more than {_MAX_RATIO} times its size", path=name)
    return "/" + name


def _absolute(target: str, folder: str) -> str:
    """Return the name of the part that a relationship's target leads to."""
    if _OUTSIDE.match(target):
        return target
    path = unquote(target.removeprefix("file://"))
    joined = path if path.startswith("/") else f"{folder}/{path}"
    return posixpath.normpath("/" + joined.lstrip("/"))


def _xml(body: bytes, name: str) -> etree._Element:
    if body.count(b"<") > _MAX_TAGS:
        raise BadRequest(f"holds more than {_MAX_TAGS} tags", path=name)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise BadRequest(f"is no XML: {error}", path=name) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadRequest("has a document type declaration", path=name)
    return root
