"""The folders in which operators keep whom they trust.

::

    pki/trusted/    certificates of servers that we talk to, and of authorities whose servers we
                    talk to
    pki/issuers/    certificates of authorities that only stand between those and a server
    pki/crl/        revocation lists of all these authorities
    pki/rejected/   servers that wanted to be talked to; move a file to trusted/ to accept it

The layout of OPC 10000-12 (trusted/certs, trusted/crl, issuers/certs, issuers/crl) is read as
well. Files are DER or PEM. They are read anew for every session, so that what is changed counts
from the next attempt on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from aas_server.bindings.opcua.certificate_rules import common_name, fingerprint
from aas_server.bindings.opcua.file_cache import FileCache
from aas_server.bindings.opcua.private_files import write_whole
from aas_server.certificates import read_certificate
from aas_server.errors import BadRequest, ConfigurationError

MAX_FILES: Final = 1000
"""Files that are read of one folder; more are a mistake."""

MAX_REJECTED: Final = 100
"""Rejected certificates that are kept; the oldest make room."""

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
"""Bytes of a file at most: revocation lists may be long."""

LEAST_DIGITS: Final = 8
"""Hexadecimal digits of a fingerprint that are needed to name a certificate."""

CERTIFICATE_SUFFIXES: Final = frozenset({".der", ".crt", ".cer", ".pem"})
LIST_SUFFIXES: Final = frozenset({".crl", ".pem", ".der"})

_ARMOUR: Final = b"-----BEGIN"
_UNREADABLE: Final = (
    BadRequest,
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
)
_Content = TypeVar("_Content")


@dataclass(frozen=True, slots=True)
class KeptCertificate:
    """A certificate and the file that it lies in."""

    path: Path
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class KeptRevocations:
    """A revocation list and the file that it lies in."""

    path: Path
    revocations: x509.CertificateRevocationList


@dataclass(slots=True)
class TrustLists:
    """What the folders held at one moment."""

    trusted: list[KeptCertificate] = field(default_factory=list)
    issuers: list[KeptCertificate] = field(default_factory=list)
    revocations: list[KeptRevocations] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)
    """Files that should be certificates and are none."""
    unreadable_revocations: list[Path] = field(default_factory=list)
    """Files that should be revocation lists and are none."""


class TrustFolder:
    """The folders of one server; safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.trusted = folder / "trusted"
        self.issuers = folder / "issuers"
        self.revocations = folder / "crl"
        self.rejected = folder / "rejected"
        self._files = FileCache(8 * MAX_FILES)

    def read(self) -> TrustLists:
        """Return all that is trusted now.

        Raises ``OSError`` when a folder cannot be read, ``ConfigurationError`` when one holds too
        much.
        """
        lists = TrustLists()
        for root, kept in ((self.trusted, lists.trusted), (self.issuers, lists.issuers)):
            for folder in (root, root / "certs"):
                for path, found in self._held(folder, CERTIFICATE_SUFFIXES, _read_certificates):
                    kept += [KeptCertificate(path, each) for each in found]
                    if not found:
                        lists.unreadable.append(path)
        for folder in (self.revocations, self.trusted / "crl", self.issuers / "crl"):
            for path, revocations in self._held(folder, LIST_SUFFIXES, _read_revocations):
                if revocations is None:
                    lists.unreadable_revocations.append(path)
                else:
                    lists.revocations.append(KeptRevocations(path, revocations))
        return lists

    def read_rejected(self) -> list[KeptCertificate]:
        """Return who was rejected, by the names of the files."""
        return [
            KeptCertificate(path, each)
            for path, found in self._held(self.rejected, CERTIFICATE_SUFFIXES, _read_certificates)
            for each in found
        ]

    def make(self) -> None:
        """Make the folders, so that operators find where to put things."""
        for folder in (self.trusted, self.issuers, self.revocations, self.rejected):
            folder.mkdir(parents=True, exist_ok=True)

    def reject(self, certificate: x509.Certificate) -> Path:
        """Keep ``certificate`` for the operator to look at and return its file.

        Raises ``OSError`` when it cannot be kept.
        """
        self.make()
        path = self.rejected / file_name(certificate)
        if not path.exists():
            self._make_room()
            write_whole(path, certificate.public_bytes(Encoding.DER), mode=0o644)
        return path

    def find(self, name: str) -> KeptCertificate:
        """Return who is called ``name``, wherever that one is kept; raises as ``accept`` does."""
        lists = self.read()
        everybody = [*lists.trusted, *lists.issuers, *self.read_rejected()]
        return _named(name, everybody, str(self.trusted.parent))

    def accept(self, name: str) -> KeptCertificate:
        """Move who is called ``name`` from the rejected to the trusted ones and return it there.

        Raises ``ConfigurationError`` when there is none of that name or several, ``OSError`` when
        it cannot be moved.
        """
        return _move(_named(name, self.read_rejected(), str(self.rejected)), self.trusted)

    def withdraw(self, name: str) -> KeptCertificate:
        """Move who is called ``name`` from the trusted to the rejected ones and return it there.

        Raises as ``accept`` does.
        """
        return _move(_named(name, self.read().trusted, str(self.trusted)), self.rejected)

    def _held(
        self, folder: Path, suffixes: frozenset[str], read: Callable[[Path], _Content]
    ) -> Iterator[tuple[Path, _Content]]:
        """Yield each file of ``folder`` and what it holds; one that is moved away meanwhile is not
        there.
        """
        for path in _files(folder, suffixes):
            with suppress(FileNotFoundError):
                yield path, self._files.get(path, read)

    def _make_room(self) -> None:
        with os.scandir(self.rejected) as found:
            files = [entry for entry in found if entry.is_file()]
        if len(files) >= MAX_REJECTED:
            files.sort(key=lambda entry: entry.stat().st_mtime_ns)
            for entry in files[: len(files) - MAX_REJECTED + 1]:
                Path(entry.path).unlink(missing_ok=True)


def file_name(certificate: x509.Certificate) -> str:
    """Return under which name a certificate is kept: readable, and never that of another."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", common_name(certificate))[:40].strip("-")
    return f"{readable or 'unnamed'}-{fingerprint(certificate)[:40]}.der"


def read_certificates(path: Path) -> list[x509.Certificate]:
    """Return the certificates in a file, DER or PEM.

    Raises ``OSError`` when it cannot be read, ``ValueError`` when it holds none.
    """
    found = _read_certificates(path)
    if not found:
        raise ValueError("holds no certificate (DER or PEM)")
    return found


def _named(name: str, kept: Sequence[KeptCertificate], where: str) -> KeptCertificate:
    """Return the one whose file has this name, or whose fingerprint begins so."""
    digits = name.replace(":", "").lower()
    found = {
        each.path: each
        for each in kept
        if each.path.name == name
        or (len(digits) >= LEAST_DIGITS and fingerprint(each.certificate).startswith(digits))
    }
    if len(found) == 1:
        return next(iter(found.values()))
    names = ", ".join(sorted({each.path.name for each in kept})) or "nothing"
    what = "several certificates" if found else "no certificate"
    raise ConfigurationError(f"{what} in {where} called {name!r}; there is {names}")


def _move(kept: KeptCertificate, folder: Path) -> KeptCertificate:
    folder.mkdir(parents=True, exist_ok=True)
    return KeptCertificate(kept.path.replace(folder / kept.path.name), kept.certificate)


def _files(folder: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    if not folder.is_dir():
        return
    with os.scandir(folder) as found:
        entries = [Path(entry.path) for entry in islice(found, MAX_FILES + 1)]
    if len(entries) > MAX_FILES:
        raise ConfigurationError(
            f"holds more than {MAX_FILES} files: only certificates belong here", path=str(folder)
        )
    for path in sorted(entries):
        if path.suffix.lower() in suffixes and path.is_file():
            yield path


def _read(path: Path, parse: Callable[[bytes], _Content]) -> _Content | None:
    """Return what ``path`` holds, None when it is not what it should be.

    Raises ``OSError``: a file that we may not read is not one that is not there.
    """
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        return None
    try:
        return parse(content)
    except _UNREADABLE:
        return None


def _read_certificates(path: Path) -> list[x509.Certificate]:
    return _read(path, _certificates) or []


def _read_revocations(path: Path) -> x509.CertificateRevocationList | None:
    return _read(path, _revocations)


def _certificates(content: bytes) -> list[x509.Certificate]:
    if not content.lstrip().startswith(_ARMOUR):
        return [read_certificate(content)]
    found = x509.load_pem_x509_certificates(content)
    return [read_certificate(each.public_bytes(Encoding.DER)) for each in found]


def _revocations(content: bytes) -> x509.CertificateRevocationList:
    armoured = content.lstrip().startswith(_ARMOUR)
    found = x509.load_pem_x509_crl(content) if armoured else x509.load_der_x509_crl(content)
    # What is decoded only when it is asked for.
    str((found.issuer, found.last_update_utc, found.next_update_utc, found.extensions))
    return found
