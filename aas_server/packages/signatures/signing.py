"""Signing packages: a copy with one signature more, over everything that is in it."""

from __future__ import annotations

import hashlib
import mimetypes
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote

from cryptography import x509
from lxml import etree

from aas_server.errors import BadRequest, Finding
from aas_server.packages.container import Container
from aas_server.packages.signatures.digests import copied, looked_at, read_markup
from aas_server.packages.signatures.infrastructure import (
    ContentTypes,
    Infrastructure,
    find_infrastructure,
)
from aas_server.packages.signatures.markup import RELATIONSHIP, make_root, parse
from aas_server.packages.signatures.names import (
    C14N,
    CONTENT_TYPES,
    ORIGIN_LINK,
    ORIGIN_TYPE,
    PACKAGE_LINKS,
    RELATIONSHIPS,
    RELATIONSHIPS_TYPE,
    SIGNATURE_LINK,
    SIGNATURE_TYPE,
    TYPES_PART,
    relationships_of,
)
from aas_server.packages.signatures.references import AS_IT_IS, Look, Reference
from aas_server.packages.signatures.sealing import SigningKey, seal

_ALGORITHM: Final = "sha256"
_FOLDER: Final = "/package/services/digital-signature"
_BINARY: Final = "application/octet-stream"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o644 << 16


def sign_package(
    source: Path,
    target: Path,
    key: SigningKey,
    chain: Sequence[x509.Certificate],
    moment: datetime,
) -> None:
    """Write the AASX package ``source`` to ``target``, signed by the owner of ``chain[0]``.

    Every part and every relationship is covered; signatures that are there already stay as they
    are. ``moment`` (UTC) is the time that the signature claims. ``target`` is there afterwards in
    full or as it was, and may be ``source``. Blocks: call it in a thread. Raises ``BadRequest`` for
    what is no package, or one with signatures that are broken already.
    """
    container = Container(source)
    try:
        plan = _plan(container)
        with TemporaryDirectory(dir=target.parent, prefix=".sign-") as folder:
            written = Path(folder) / "signed"
            with zipfile.ZipFile(written, "w") as archive:
                references = list(_copy(container, plan, archive))
                archive.writestr(_info(plan.signature), seal(references, key, chain, moment))
            written.replace(target)
    finally:
        container.close()


@dataclass(frozen=True, slots=True)
class _Plan:
    """The name of the new signature, the parts that are written anew by their names, the content
    types of those that are signed, and the parts that are not.
    """

    signature: str
    written: Mapping[str, bytes]
    types: Mapping[str, str]
    unsigned: frozenset[str]


def _plan(container: Container) -> _Plan:
    types = ContentTypes(container)
    infrastructure = _infrastructure(container, types)
    origin = infrastructure.origin or _free(container, "origin{}.psdsor")
    signature = _free(container, "xml-signature/{}.psdsxs")
    links = relationships_of(origin)
    written = {links: _with_link(container, links, SIGNATURE_LINK, signature)}
    if infrastructure.origin is None:
        written[PACKAGE_LINKS] = _with_link(container, PACKAGE_LINKS, ORIGIN_LINK, origin)
        written[origin] = b""
    unsigned = infrastructure.parts | {TYPES_PART, links, origin, signature}
    signed = [part for part in {**container.parts, **written} if part not in unsigned]
    wanted = {part: types.of(part) or _guess(part) for part in signed}
    wanted |= {links: RELATIONSHIPS_TYPE, origin: ORIGIN_TYPE, signature: SIGNATURE_TYPE}
    missing = {part: kind for part, kind in wanted.items() if types.of(part) != kind}
    written[TYPES_PART] = _with_types(container, missing)
    return _Plan(signature, written, wanted, frozenset(unsigned))


def _infrastructure(container: Container, types: ContentTypes) -> Infrastructure:
    findings: list[Finding] = []
    found = find_infrastructure(container, types, findings)
    if findings:
        raise BadRequest(findings[0].text, path=findings[0].part)
    return found


def _copy(container: Container, plan: _Plan, archive: zipfile.ZipFile) -> Iterator[Reference]:
    """Write every part but the signature, and yield what it is to say of those that are signed."""
    order = dict.fromkeys([TYPES_PART, *container.parts, *plan.written])
    for part in order:
        info = _copied_info(container, part)
        if part in plan.written or part.endswith(".rels"):
            body = plan.written[part] if part in plan.written else read_markup(container, part)
            archive.writestr(info, body)
            look = _look(body, part)
            digest = hashlib.new(_ALGORITHM, looked_at(body, look, part)).digest()
        else:
            look = AS_IT_IS
            with container.open(part) as opened, archive.open(info, "w", force_zip64=True) as out:
                digest = copied(opened, _ALGORITHM, out.write)
        if part not in plan.unsigned:
            yield Reference(part, plan.types[part], look, _ALGORITHM, digest)


def _look(body: bytes, part: str) -> Look:
    """Return how a part is signed: relationships one by one, so that signatures can be added."""
    if not part.endswith(".rels") or "/_rels/" not in part:
        return AS_IT_IS
    links = list(parse(body, part).iter(RELATIONSHIP))
    ids = [each.get("Id") for each in links if not _leads_to_signatures(each, part)]
    named = frozenset(each for each in ids if each is not None)
    if len(named) < len(ids):
        return AS_IT_IS
    return Look(C14N, is_selection=True, ids=named)


def _leads_to_signatures(link: etree._Element, part: str) -> bool:
    return part == PACKAGE_LINKS and link.get("Type") == ORIGIN_LINK


def _with_link(container: Container, part: str, kind: str, target: str) -> bytes:
    """Return a part of relationships with one more."""
    if part in container:
        root = parse(read_markup(container, part), part)
    else:
        root = make_root(RELATIONSHIPS, "Relationships")
    taken = {each.get("Id") for each in root.iter(RELATIONSHIP)}
    number = next(number for number in range(1, len(taken) + 2) if f"S{number}" not in taken)
    link = {"Id": f"S{number}", "Type": kind, "Target": quote(target)}
    etree.SubElement(root, RELATIONSHIP, link)
    return _written(root)


def _with_types(container: Container, types: Mapping[str, str]) -> bytes:
    """Return the content types with those of more parts."""
    if TYPES_PART in container:
        root = parse(read_markup(container, TYPES_PART), TYPES_PART)
    else:
        root = make_root(CONTENT_TYPES, "Types")
    for part, kind in types.items():
        names = {"PartName": quote(part), "ContentType": kind}
        etree.SubElement(root, f"{{{CONTENT_TYPES}}}Override", names)
    return _written(root)


def _written(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, standalone=True)


def _free(container: Container, pattern: str) -> str:
    """Return a name that no part has, for a part of the signatures."""
    taken = {part.lower() for part in container.parts}
    names = (f"{_FOLDER}/{pattern.format(number)}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _copied_info(container: Container, part: str) -> zipfile.ZipInfo:
    """Return how a part is written: named, dated and packed as it was."""
    entry = container.parts.get(part)
    if entry is None:
        return _info(part)
    info = _info(part)
    info.filename = entry.filename
    info.date_time = entry.date_time
    if entry.compress_type == zipfile.ZIP_STORED:
        info.compress_type = zipfile.ZIP_STORED
    return info


def _info(part: str) -> zipfile.ZipInfo:
    # The brackets of the content types are no part's name, and stand in the zip as they are.
    info = zipfile.ZipInfo(quote(part[1:], safe="/[]"), _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = _MODE
    return info


def _guess(part: str) -> str:
    if part.endswith(".rels"):
        return RELATIONSHIPS_TYPE
    return mimetypes.guess_type(part)[0] or _BINARY
