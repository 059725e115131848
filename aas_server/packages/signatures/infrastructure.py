"""The parts of a package that carry its signatures, and that no signature covers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aas_server.errors import BadRequest, Finding
from aas_server.packages.container import Container
from aas_server.packages.signatures.markup import RELATIONSHIP, parse
from aas_server.packages.signatures.names import (
    CERTIFICATE_LINK,
    CERTIFICATE_TYPE,
    ORIGIN_LINK,
    ORIGIN_TYPE,
    SIGNATURE_LINK,
    SIGNATURE_TYPE,
    TYPES_PART,
    holder_of,
    relationships_of,
)
from aas_server.packages.signatures.report import INVALID

MAX_SIGNATURES: Final = 16
_LINKS: Final = frozenset({ORIGIN_LINK, SIGNATURE_LINK, CERTIFICATE_LINK})


class ContentTypes:
    """The content types that a package declares; raises ``BadRequest`` for one declared twice."""

    def __init__(self, container: Container) -> None:
        self._declared: dict[str, str] = {}
        seen: set[str] = set()
        for name, content_type in container.content_types():
            if name.lower() in seen:
                raise BadRequest(f"declares the type of {name} twice", path=TYPES_PART)
            seen.add(name.lower())
            self._declared[name] = content_type

    def of(self, part: str) -> str | None:
        """Return the content type of a part, None without any."""
        file = part.rpartition("/")[2].lower()
        extension = "." + file.rpartition(".")[2] if "." in file else ""
        return self._declared.get(part) or self._declared.get(extension)


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """The parts that carry signatures: for each signature those with its certificates."""

    origin: str | None
    signatures: dict[str, tuple[str, ...]]
    parts: frozenset[str]


def find_infrastructure(
    container: Container, types: ContentTypes, findings: list[Finding]
) -> Infrastructure:
    """Return what carries the signatures of a package; ``findings`` take what is wrong with it.

    Only parts of the right content types that are led to in the right way are among it: nothing
    that a reader takes for content can hide there. Raises ``BadRequest`` for damaged markup.
    """
    origins = [each.target for each in container.relationships("/") if each.type == ORIGIN_LINK]
    if not origins:
        return Infrastructure(None, {}, frozenset())
    origin = origins[0]
    if len(origins) > 1:
        findings.append(_wrong("/_rels/.rels", "leads to more than one origin of signatures"))
    if not _is_part(container, types, origin, ORIGIN_TYPE, findings):
        return Infrastructure(None, {}, frozenset())
    if container.parts[origin].file_size:
        findings.append(_wrong(origin, "must be empty"))
    signatures: dict[str, tuple[str, ...]] = {}
    parts = {origin, relationships_of(origin)}
    for name in _targets(container, origin, SIGNATURE_LINK, findings):
        if _is_part(container, types, name, SIGNATURE_TYPE, findings):
            certificates = tuple(
                each
                for each in _targets(container, name, CERTIFICATE_LINK, findings)
                if _is_part(container, types, each, CERTIFICATE_TYPE, findings)
            )
            signatures[name] = certificates
            parts |= {name, relationships_of(name), *certificates}
    if len(signatures) > MAX_SIGNATURES:
        raise BadRequest(f"has more than {MAX_SIGNATURES} signatures", path=origin)
    _refuse_content(container, parts, findings)
    return Infrastructure(origin, signatures, frozenset(parts))


def links_in(container: Container, part: str) -> Iterator[tuple[str | None, str]]:
    """Yield id and type of every relationship in a part of relationships."""
    for each in parse(container.read(part), part).iter(RELATIONSHIP):
        yield each.get("Id"), each.get("Type", "")


def _refuse_content(container: Container, parts: set[str], findings: list[Finding]) -> None:
    """Find fault with what is there for signatures and is content at the same time."""
    for part in container.parts:
        if not part.endswith(".rels") or "/_rels/" not in part:
            continue
        findings += [
            _wrong(each.target, "is content and carries signatures at once")
            for each in container.relationships(holder_of(part))
            if each.target in parts and each.type not in _LINKS
        ]


def _targets(
    container: Container, part: str, kind: str, findings: list[Finding]
) -> dict[str, None]:
    """Return the parts that relationships of ``part`` lead to; it may have no others."""
    links = container.relationships(part)
    if any(each.type != kind for each in links):
        text = f"a part with signatures has relationships other than {kind.rpartition('/')[2]}"
        findings.append(_wrong(relationships_of(part), text))
    return dict.fromkeys(each.target for each in links if each.type == kind)


def _is_part(
    container: Container, types: ContentTypes, part: str, kind: str, findings: list[Finding]
) -> bool:
    if part not in container:
        findings.append(_wrong(part, "a relationship of signatures leads to it, and it is missing"))
        return False
    if (types.of(part) or "").lower() != kind:
        findings.append(_wrong(part, f"its content type must be {kind}"))
        return False
    return True


def _wrong(part: str, text: str) -> Finding:
    return Finding(INVALID, part, text, True, part, "ask the sender for the package once more")
