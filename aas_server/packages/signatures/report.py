"""What a verification found: who signed, what is covered, what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from aas_server.errors import Finding

UNSIGNED: Final = "unsigned"
INVALID: Final = "signature-invalid"
TAMPERED: Final = "signature-tampered"
UNCOVERED: Final = "signature-uncovered"
UNTRUSTED: Final = "signature-untrusted"
"""The codes of findings about signatures."""


class Trust(Protocol):
    """Whom to believe."""

    def objection(self, chain: Sequence[x509.Certificate]) -> str | None:
        """Return why the first certificate's owner is not trusted now, None if they are.

        The other certificates of ``chain`` are hints on the way to a trusted issuer.
        """


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed, by the certificate; ``fingerprint`` is its SHA-256."""

    subject: str
    issuer: str
    serial: str
    fingerprint: str
    not_after: str


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """One signature: ``covered`` and ``uncovered`` are names of parts.

    ``claimed_time`` is what the signer says of it; nobody vouches for it. ``findings`` are empty
    for a signature that holds, covers everything, and whose signer is trusted.
    """

    part: str
    signer: Signer | None
    claimed_time: str | None
    covered: tuple[str, ...]
    uncovered: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def is_intact(self) -> bool:
        """Whether nothing that it covers was changed since it was made."""
        return not any(each.code in (INVALID, TAMPERED) for each in self.findings)

    @property
    def is_trusted(self) -> bool:
        """Whether its signer is known and trusted."""
        return self.signer is not None and all(each.code != UNTRUSTED for each in self.findings)


@dataclass(frozen=True, slots=True)
class PackageReport:
    """The signatures of a package; ``findings`` are about none of them."""

    signatures: tuple[SignatureReport, ...]
    findings: tuple[Finding, ...]

    @property
    def objections(self) -> tuple[Finding, ...]:
        """Why the package is not to be believed; empty if it is.

        One signature has to be without any finding, and no other may be broken.
        """
        broken = [one for each in self.signatures if not each.is_intact for one in each.findings]
        if self.findings or broken:
            return (*self.findings, *broken)
        if any(not each.findings for each in self.signatures):
            return ()
        return tuple(one for each in self.signatures for one in each.findings)


def signer_of(certificate: x509.Certificate) -> Signer:
    """Return who the owner of ``certificate`` is."""
    return Signer(
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        f"{certificate.serial_number:x}",
        certificate.fingerprint(hashes.SHA256()).hex(),
        certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
