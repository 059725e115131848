"""Verifying the signatures of packages: who signed, what is covered, what was changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509

from aas_server.errors import BadRequest, Finding
from aas_server.packages.container import Container
from aas_server.packages.signatures.core import (
    MAX_CERTIFICATES,
    certificates_in,
    in_order,
    read_certificate,
    read_signature,
    verify_core,
)
from aas_server.packages.signatures.digests import Digests
from aas_server.packages.signatures.infrastructure import (
    ContentTypes,
    Infrastructure,
    find_infrastructure,
    links_in,
)
from aas_server.packages.signatures.markup import MAX_BYTES
from aas_server.packages.signatures.names import ORIGIN_LINK, PACKAGE_LINKS, TYPES_PART
from aas_server.packages.signatures.references import Reference
from aas_server.packages.signatures.report import (
    INVALID,
    TAMPERED,
    UNCOVERED,
    UNSIGNED,
    UNTRUSTED,
    PackageReport,
    SignatureReport,
    Trust,
    signer_of,
)

_ZIP: Final = b"PK\x03\x04"
_HINT_AGAIN: Final = "ask the sender for the package once more"
_HINT_SIGN: Final = "ask the sender to sign the package: aas-server sign"
_HINT_TRUST: Final = "if the signer is to be believed, add the certificate to trusted_signers"
_HINT_COVER: Final = "ask the sender to sign the whole package"


def verify_package(file: Path, trust: Trust) -> PackageReport:
    """Return what the signatures of the AASX package ``file`` are worth.

    Blocks: call it in a thread. Raises ``BadRequest`` for what is no package, or a hostile one.
    """
    container = Container(file)
    try:
        return _verify(container, trust)
    finally:
        container.close()


def require_trusted(file: Path, trust: Trust) -> list[Finding]:
    """Return why what ``file`` holds is not to be believed; empty if a trusted signer vouches.

    Blocks: call it in a thread. A bare environment carries no signature. Raises ``BadRequest`` as
    ``verify_package`` does.
    """
    with file.open("rb") as opened:
        is_package = opened.read(len(_ZIP)) == _ZIP
    if not is_package:
        text = "is no package, and nothing else carries a signature"
        return [Finding(UNSIGNED, "file", text, hint=_HINT_SIGN)]
    return list(verify_package(file, trust).objections)


def _verify(container: Container, trust: Trust) -> PackageReport:
    findings: list[Finding] = []
    types = ContentTypes(container)
    infrastructure = find_infrastructure(container, types, findings)
    if not infrastructure.signatures and not findings:
        findings.append(Finding(UNSIGNED, "file", "has no signature", hint=_HINT_SIGN))
    names = {name.lower(): name for name in container.parts}
    check = _Check(container, types, infrastructure, Digests(container), trust, names)
    return PackageReport(
        tuple(check.signature(name) for name in infrastructure.signatures), tuple(findings)
    )


@dataclass(slots=True)
class _Found:
    """What is known of a signature so far."""

    part: str
    chain: tuple[x509.Certificate, ...] = ()
    claimed_time: str | None = None
    covered: list[str] = field(default_factory=list)
    uncovered: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)

    def wrong(self, code: str, text: str, part: str, hint: str = _HINT_AGAIN) -> None:
        """Note what is wrong."""
        self.findings.append(Finding(code, part, text, True, part, hint))

    def report(self) -> SignatureReport:
        """Return all of it."""
        return SignatureReport(
            self.part,
            signer_of(self.chain[0]) if self.chain else None,
            self.claimed_time,
            tuple(self.covered),
            self.uncovered,
            tuple(self.findings),
        )


@dataclass(frozen=True, slots=True)
class _Check:
    """Looks at one signature of a package after the other."""

    container: Container
    types: ContentTypes
    infrastructure: Infrastructure
    digests: Digests
    trust: Trust
    names: Mapping[str, str]

    def signature(self, part: str) -> SignatureReport:
        """Return what the signature in ``part`` is worth."""
        found = _Found(part)
        try:
            references = self._references(found)
        except BadRequest as error:
            found.wrong(INVALID, error.text, error.path or part)
            return found.report()
        for each in references:
            problem = self._problem(each)
            if problem is None:
                found.covered.append(self._name(each.part))
            else:
                found.wrong(TAMPERED, problem, each.part)
        found.uncovered = tuple(self._uncovered(references))
        for name in found.uncovered:
            text = "is not covered by the signature: it may have been added or changed"
            found.wrong(UNCOVERED, text, name, _HINT_COVER)
        objection = self.trust.objection(found.chain)
        if objection is not None:
            found.wrong(UNTRUSTED, objection, part, _HINT_TRUST)
        return found.report()

    def _references(self, found: _Found) -> Sequence[Reference]:
        part = found.part
        if self.container.parts[part].file_size > MAX_BYTES:
            raise BadRequest(f"is larger than {MAX_BYTES} bytes", path=part)
        root = read_signature(self.container.read(part), part)
        certificates = certificates_in(root, part)
        certificates += self._certificates(self.infrastructure.signatures[part])
        if not certificates:
            raise BadRequest("carries no certificate, so that nobody is known to have signed")
        chain = in_order(certificates)
        core = verify_core(root, chain[0], part)
        # Nobody is said to have signed before that is proven.
        found.chain = chain
        found.claimed_time = core.claimed_time
        return core.references

    def _certificates(self, parts: Sequence[str]) -> list[x509.Certificate]:
        if len(parts) > MAX_CERTIFICATES:
            raise BadRequest(f"has more than {MAX_CERTIFICATES} certificates")
        for part in parts:
            if self.container.parts[part].file_size > MAX_BYTES:
                raise BadRequest(f"is larger than {MAX_BYTES} bytes", path=part)
        return [read_certificate(self.container.read(part), part) for part in parts]

    def _problem(self, reference: Reference) -> str | None:
        """Return what was done to a part since it was signed, None if nothing was."""
        name = self._name(reference.part)
        if name not in self.container:
            return "was removed since it was signed"
        content_type = self.types.of(name)
        if content_type != reference.content_type:
            return f"its content type was {reference.content_type!r} and is {content_type!r}"
        try:
            digest = self.digests.of(name, reference.look, reference.algorithm)
        except BadRequest as error:
            return error.text
        return None if digest == reference.digest else "was changed since it was signed"

    def _uncovered(self, references: Sequence[Reference]) -> Iterator[str]:
        """Yield the parts that a signature says nothing about, or not about all in them."""
        looks = {self._name(each.part): each.look for each in references}
        for part in self.container.parts:
            if part == TYPES_PART or part in self.infrastructure.parts:
                continue
            look = looks.get(part)
            if look is None:
                if part != PACKAGE_LINKS or not self._only_leads_to_signatures():
                    yield part
            elif look.is_selection and not all(
                identifier in look.ids or kind in look.types or _is_allowed(part, kind)
                for identifier, kind in links_in(self.container, part)
            ):
                yield part

    def _only_leads_to_signatures(self) -> bool:
        links = links_in(self.container, PACKAGE_LINKS)
        return all(_is_allowed(PACKAGE_LINKS, kind) for _, kind in links)

    def _name(self, part: str) -> str:
        """Return the name of a part as the package has it: case does not count (ECMA-376-2)."""
        return self.names.get(part.lower(), part)


def _is_allowed(part: str, kind: str) -> bool:
    """Return whether a relationship may be there unsigned: the one that leads to signatures."""
    return part == PACKAGE_LINKS and kind == ORIGIN_LINK
