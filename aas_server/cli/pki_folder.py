"""``aas-server pki``: what its commands do with the folder of certificates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from rich.console import Console

from aas_server.bindings.opcua.certificate_rules import (
    application_uris,
    common_name,
    fingerprint,
    host_names,
)
from aas_server.bindings.opcua.chains import authorities
from aas_server.bindings.opcua.pki import Pki
from aas_server.bindings.opcua.trust import KeptCertificate, KeptRevocations
from aas_server.settings import Settings


def list_folder(settings: Settings, console: Console) -> bool:
    """Print one line for each file and return whether all of them could be read."""
    trust = Pki(_folder(settings)).trust
    lists = trust.read()
    for word, kept in (
        ("trusted", lists.trusted),
        ("issuer", lists.issuers),
        ("rejected", trust.read_rejected()),
    ):
        for each in kept:
            _print_line(console, word, each.path, _summary(each.certificate))
    for revocations in lists.revocations:
        _print_line(console, "crl", revocations.path, _extent(revocations))
    unreadable = [*lists.unreadable, *lists.unreadable_revocations]
    for path in unreadable:
        _print_line(console, "unread", path, "is not what it should be: DER or PEM", style="red")
    return not unreadable


def show_certificate(name: str | None, settings: Settings, console: Console) -> None:
    """Print the certificate called ``name``, our own when that is None.

    Raises ``ConfigurationError`` when there is none, ``ConnectionRefused`` when ours cannot be
    kept.
    """
    pki = Pki(_folder(settings))
    if name is None:
        identity = pki.identity(None, None)
        certificate = x509.load_der_x509_certificate(identity.certificate)
        _print_in_full(console, KeptCertificate(pki.own.certificate, certificate))
        return
    _print_in_full(console, pki.trust.find(name))


def trust_rejected(names: Sequence[str], settings: Settings, console: Console) -> None:
    """Move certificates from ``rejected/`` to ``trusted/`` and print where they are."""
    trust = Pki(_folder(settings)).trust
    for name in names:
        _print_move(console, "trusted", trust.accept(name))


def reject_trusted(names: Sequence[str], settings: Settings, console: Console) -> None:
    """Move certificates from ``trusted/`` to ``rejected/`` and print where they are."""
    trust = Pki(_folder(settings)).trust
    for name in names:
        _print_move(console, "rejected", trust.withdraw(name))


def _folder(settings: Settings) -> Path:
    return settings.data / "pki"


def _summary(certificate: x509.Certificate) -> str:
    kind = "authority " if authorities([certificate]) else ""
    until = certificate.not_valid_after_utc.date()
    return f"{kind}{common_name(certificate)!r} until {until}, {fingerprint(certificate)[:16]}"


def _extent(kept: KeptRevocations) -> str:
    issuer = kept.revocations.issuer.rfc4514_string()
    until = kept.revocations.next_update_utc
    count = len(kept.revocations)
    return f"{count} revoked by {issuer}" + (f" until {until.date()}" if until else "")


def _print_line(
    console: Console, word: str, path: Path, text: str, style: str | None = None
) -> None:
    console.print(f"{word:9}", style=style, end="", markup=False)
    console.print(f"{path.name}: {text}", markup=False)


def _print_move(console: Console, word: str, kept: KeptCertificate) -> None:
    _print_line(console, word, kept.path, _summary(kept.certificate))
    console.print(f"         SHA-256 {_grouped(fingerprint(kept.certificate))}", markup=False)


def _print_in_full(console: Console, kept: KeptCertificate) -> None:
    certificate = kept.certificate
    for title, text in (
        ("file", str(kept.path)),
        ("subject", certificate.subject.rfc4514_string()),
        ("issuer", certificate.issuer.rfc4514_string()),
        ("application", _joined(application_uris(certificate))),
        ("hosts", _joined(host_names(certificate))),
        ("valid", f"{certificate.not_valid_before_utc} to {certificate.not_valid_after_utc}"),
        ("serial", f"{certificate.serial_number:x}"),
        ("SHA-1", _grouped(certificate.fingerprint(hashes.SHA1()).hex())),  # noqa: S303
        ("SHA-256", _grouped(fingerprint(certificate))),
    ):
        console.print(f"{title:12}{text}", markup=False)


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names) or "-"


def _grouped(digits: str) -> str:
    """Return hexadecimal digits as most machines show them: in pairs, with colons."""
    return ":".join(digits[index : index + 2] for index in range(0, len(digits), 2)).upper()
