"""Our own application certificate: made, renewed in time, or configured.

::

    own/certificate.der          shown to machines
    own/private_key.pem          readable by nobody else
    own/replaced-2031-05-30.der  a former certificate, by the day on which it expires
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final
from urllib.parse import quote

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from aas_server.bindings.opcua.certificate_rules import (
    LEAST_RSA_BITS,
    application_uris,
    check_dates,
    fingerprint,
)
from aas_server.bindings.opcua.file_cache import FileCache
from aas_server.bindings.opcua.private_files import alone_in, write_whole
from aas_server.bindings.opcua.problems import ConnectionRefused
from aas_server.bindings.opcua.trust import read_certificates

log = structlog.get_logger(__name__)

APPLICATION_NAME: Final = "aas-server"
KEEP_REPLACED: Final = 10
"""Former certificates that are kept."""

_VALID_FOR: Final = timedelta(days=5 * 365)
_RENEW_BEFORE: Final = timedelta(days=30)
_RENEW_PART: Final = 0.1
_KEY_BITS: Final = 2048
_MAX_COMMON_NAME: Final = 64
"""Bytes of a common name at most (RFC 5280 A.1)."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    private_key: rsa.RSAPrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApplicationIdentity:
    """Our application certificate and its key, both DER, and what the certificate says."""

    certificate: bytes
    private_key: bytes = field(repr=False)
    application_uri: str
    expires: datetime
    notice: str | None = None
    """What the operator should know although it can be used."""


def application_uri() -> str:
    """Return the URI under which this server on this host introduces itself."""
    return f"urn:{quote(socket.gethostname())}:{APPLICATION_NAME}"


def ends_soon(certificate: x509.Certificate, now: datetime) -> bool:
    """Return whether less than 30 days, or less than a tenth of its life, is left to
    ``certificate``.
    """
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return certificate.not_valid_after_utc - now < max(_RENEW_BEFORE, life * _RENEW_PART)


class OwnCertificate:
    """The certificate that we make for ourselves; safe for several threads and processes.

    A renewed certificate has the same key: then one file changes and the pair fits at every
    moment. Who wants a new key deletes the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.certificate = folder / "certificate.der"
        self._key = folder / "private_key.pem"
        self._files = FileCache(2 * KEEP_REPLACED)

    def current(self, now: datetime) -> ApplicationIdentity:
        """Return our identity; made when there is none, renewed when it ends soon.

        Raises ``ConnectionRefused`` when it cannot be read, ``OSError`` when it cannot be kept.
        """
        identity = self._usable(now)
        if identity is None:
            with alone_in(self._folder):
                identity = self._usable(now) or self._made(now)
        return identity

    def former(self, now: datetime) -> ApplicationIdentity | None:
        """Return the last identity before the current one that can still be used, None without."""
        key = self._files.get(self._key, _read_own_key)
        for path in sorted(self._folder.glob("replaced-*.der"), reverse=True):
            found = self._files.get(path, _read_one)
            if found.public_key() == key.public_key() and found.not_valid_after_utc > now:
                return _identity(KeyPair(found, key), path)
        return None

    def _usable(self, now: datetime) -> ApplicationIdentity | None:
        """Return what is there, None when something has to be made."""
        found, key = self._found()
        if found is None or key is None or _renewal_reason(found, key, now) is not None:
            return None
        return _identity(KeyPair(found, key), self.certificate)

    def _made(self, now: datetime) -> ApplicationIdentity:
        found, key = self._found()
        reason = "there was none" if found is None else _renewal_reason(found, key, now)
        if key is None:
            key = _make_key(self._key)
        return _identity(KeyPair(self._renew(found, key, reason, now), key), self.certificate)

    def _found(self) -> tuple[x509.Certificate | None, rsa.RSAPrivateKey | None]:
        found, key = None, None
        with suppress(FileNotFoundError):
            found = self._files.get(self.certificate, _read_one)
        with suppress(FileNotFoundError):
            key = self._files.get(self._key, _read_own_key)
        return found, key

    def _renew(
        self,
        old: x509.Certificate | None,
        key: rsa.RSAPrivateKey,
        reason: str | None,
        now: datetime,
    ) -> x509.Certificate:
        if old is not None:
            self._keep(old)
        certificate = _make_certificate(key, now)
        write_whole(self.certificate, certificate.public_bytes(Encoding.DER), mode=0o644)
        log.warning(
            "our application certificate was made: machines that know us by it have to trust the "
            "new one",
            certificate=str(self.certificate),
            sha256=fingerprint(certificate),
            valid_until=str(certificate.not_valid_after_utc.date()),
            reason=reason,
        )
        return certificate

    def _keep(self, old: x509.Certificate) -> None:
        path = self._folder / f"replaced-{old.not_valid_after_utc:%Y-%m-%d}.der"
        write_whole(path, old.public_bytes(Encoding.DER), mode=0o644)
        for former in sorted(self._folder.glob("replaced-*.der"))[:-KEEP_REPLACED]:
            former.unlink(missing_ok=True)


def read_identity(
    certificate: Path, private_key: Path, passphrase: str | None, now: datetime
) -> ApplicationIdentity:
    """Return the application identity in two configured files.

    Raises ``ConnectionRefused`` that names the file which cannot be used, and why.
    """
    pair = read_pair(certificate, private_key, passphrase)
    check_dates(pair.certificate, now, f"our certificate {certificate}")
    return _identity(pair, certificate)


def read_pair(certificate: Path, private_key: Path, passphrase: str | None) -> KeyPair:
    """Return the certificate and the key in two files (DER or PEM).

    Raises ``ConnectionRefused`` that names the file which cannot be used, and why.
    """
    found = _read_one(certificate)
    key = _read_key(private_key, passphrase)
    if key.public_key() != found.public_key():
        raise ConnectionRefused(f"{private_key.name} is not the private key of {certificate.name}")
    return KeyPair(found, key)


def _renewal_reason(
    found: x509.Certificate, key: rsa.RSAPrivateKey | None, now: datetime
) -> str | None:
    """Return why the certificate that was found will not do any longer."""
    if key is None or key.public_key() != found.public_key():
        return "its private key is not there"
    if application_uri() not in application_uris(found):
        return "this host has another name now"
    if ends_soon(found, now):
        return f"the former one ends on {found.not_valid_after_utc.date()}"
    return None


def _identity(pair: KeyPair, path: Path) -> ApplicationIdentity:
    uris = application_uris(pair.certificate)
    if not uris:
        raise ConnectionRefused(
            f"{path.name} names no application URI (subjectAltName, OPC 10000-6 6.2.2)"
        )
    key = pair.private_key.private_bytes(
        Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return ApplicationIdentity(
        pair.certificate.public_bytes(Encoding.DER),
        key,
        uris[0],
        pair.certificate.not_valid_after_utc,
    )


def _read_one(path: Path) -> x509.Certificate:
    try:
        return read_certificates(path)[0]
    except OSError as error:
        raise ConnectionRefused(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConnectionRefused(f"{path} {error}") from error


def _read_own_key(path: Path) -> rsa.RSAPrivateKey:
    return _read_key(path, None)


def _read_key(path: Path, passphrase: str | None) -> rsa.RSAPrivateKey:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConnectionRefused(f"{path} cannot be read: {error.strerror}") from error
    is_pem = content.lstrip().startswith(b"-----BEGIN")
    load = serialization.load_pem_private_key if is_pem else serialization.load_der_private_key
    try:
        key = load(content, None if passphrase is None else passphrase.encode())
    except TypeError:
        # Without the original error, as below: it may show what it was given.
        needs = "needs a passphrase" if passphrase is None else "is not encrypted: no passphrase"
        raise ConnectionRefused(f"the private key in {path} {needs}") from None
    except (ValueError, UnsupportedAlgorithm):
        reason = "holds no private key (DER or PEM)"
        if passphrase is not None:
            reason += ", or it has another passphrase"
        raise ConnectionRefused(f"{path} {reason}") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConnectionRefused(f"{path} holds no RSA key, which the security policies need")
    if key.key_size < LEAST_RSA_BITS:
        raise ConnectionRefused(
            f"{path} holds a key of {key.key_size} bits: at least {LEAST_RSA_BITS} are needed"
        )
    return key


def _make_key(path: Path) -> rsa.RSAPrivateKey:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    content = key.private_bytes(
        Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_whole(path, content)
    return key


def _make_certificate(key: rsa.RSAPrivateKey, now: datetime) -> x509.Certificate:
    """Return a self-signed application instance certificate (OPC 10000-6 6.2.2)."""
    common_name = f"{APPLICATION_NAME}@{socket.gethostname()}".encode()[:_MAX_COMMON_NAME]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name.decode(errors="ignore"))])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        # A self-signed certificate signs itself, though it is no authority.
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.SubjectAlternativeName(_own_names()), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )


def _own_names() -> list[x509.GeneralName]:
    """Return the application URI, the host's name and the addresses that are known under it."""
    host = socket.gethostname()
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(application_uri())]
    if re.fullmatch(r"[A-Za-z0-9_.-]+", host, re.ASCII):
        names.append(x509.DNSName(host))
    return [*names, *(x509.IPAddress(address) for address in _own_addresses(host))]


def _own_addresses(host: str) -> Iterable[IPv4Address | IPv6Address]:
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):  # names that no resolver takes
        return []
    addresses = (ip_address(text.partition("%")[0]) for text in sorted(found))
    return [each for each in addresses if not each.is_loopback and not each.is_link_local]
