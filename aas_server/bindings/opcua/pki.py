"""Certificates: our own, and which servers' we trust.

::

    pki/own/certificate.der      ours, made when none is configured
    pki/own/private_key.pem      readable by nobody else
    pki/trusted/                 servers we talk to
    pki/rejected/                servers that wanted to; move a file to trusted/ to accept it
"""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from aas_server.bindings.opcua.problems import ConnectionRefused

APPLICATION_NAME: Final = "aas-server"
_VALID_FOR: Final = timedelta(days=5 * 365)
_RENEW_BEFORE: Final = timedelta(days=30)
_MAX_REJECTED: Final = 100
_SUFFIXES: Final = frozenset({".der", ".crt", ".cer", ".pem"})


@dataclass(frozen=True, slots=True)
class ApplicationIdentity:
    """Our application certificate and its key, both DER, and the application URI that it names."""

    certificate: bytes
    private_key: bytes
    application_uri: str


def application_uri() -> str:
    """Return the URI under which this server on this host introduces itself."""
    return f"urn:{socket.gethostname()}:{APPLICATION_NAME}"


class Pki:
    """The folder of certificates; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._own = folder / "own"
        self._trusted = folder / "trusted"
        self._rejected = folder / "rejected"
        self._making = threading.Lock()

    def identity(self, certificate: Path | None, private_key: Path | None) -> ApplicationIdentity:
        """Return the configured identity, or our own, which is made when it is not there or expires
        soon.

        Raises ``ConnectionRefused`` when the configured files cannot be used.
        """
        if certificate is not None and private_key is not None:
            return _load_identity(certificate, private_key)
        try:
            with self._making:
                return self._own_identity()
        except OSError as error:
            raise ConnectionRefused(
                f"our own certificate cannot be kept in {self._own}: {error.strerror}"
            ) from error

    def check_server(self, certificate: bytes, pinned: Path | None) -> None:
        """Return when the server with this DER ``certificate`` may be talked to.

        Raises ``ConnectionRefused`` for a certificate that is not the ``pinned`` one, that without
        a pin is not in ``trusted/`` (then it is put into ``rejected/``), or that is outside its
        dates.
        """
        try:
            shown = x509.load_der_x509_certificate(certificate)
        except ValueError as error:
            raise ConnectionRefused("the server's certificate cannot be read") from error
        if pinned is not None:
            if _load_certificate(pinned) != shown:
                raise ConnectionRefused(
                    f"the server shows another certificate ({_portrait(shown)}) than "
                    f"serverCertificate {pinned.name}"
                )
        elif not self._is_trusted(shown):
            kept = self._keep_rejected(shown)
            raise ConnectionRefused(
                f"the server's certificate is not trusted ({_portrait(shown)}): check it, then "
                f"move {kept} to {self._trusted}"
            )
        _check_dates(shown)

    def _is_trusted(self, shown: x509.Certificate) -> bool:
        if not self._trusted.is_dir():
            return False
        for path in self._trusted.iterdir():
            if path.suffix.lower() in _SUFFIXES:
                try:
                    trusted = _load_certificate(path)
                except ConnectionRefused:
                    continue
                if trusted == shown:
                    return True
        return False

    def _keep_rejected(self, shown: x509.Certificate) -> Path:
        path = self._rejected / f"{shown.fingerprint(hashes.SHA256()).hex()[:40]}.der"
        try:
            self._trusted.mkdir(parents=True, exist_ok=True)
            self._rejected.mkdir(parents=True, exist_ok=True)
            if not path.exists() and sum(1 for _ in self._rejected.iterdir()) < _MAX_REJECTED:
                path.write_bytes(shown.public_bytes(Encoding.DER))
        except OSError as error:
            raise ConnectionRefused(
                f"the server's certificate is not trusted ({_portrait(shown)}), and could not be "
                f"kept in {self._rejected}: {error.strerror}"
            ) from error
        return path

    def _own_identity(self) -> ApplicationIdentity:
        certificate, key = self._own / "certificate.der", self._own / "private_key.pem"
        if certificate.exists() and key.exists():
            identity = _load_identity(certificate, key, dated=False)
            expires = x509.load_der_x509_certificate(identity.certificate).not_valid_after_utc
            if (
                identity.application_uri == application_uri()
                and expires - datetime.now(UTC) > _RENEW_BEFORE
            ):
                return identity
        self._own.mkdir(parents=True, exist_ok=True, mode=0o700)
        private_key = _load_key(key) if key.exists() else _make_key(key)
        certificate.write_bytes(_make_certificate(private_key).public_bytes(Encoding.DER))
        return _load_identity(certificate, key)


def _load_identity(certificate: Path, key: Path, *, dated: bool = True) -> ApplicationIdentity:
    loaded = _load_certificate(certificate)
    private_key = _load_key(key)
    if private_key.public_key() != loaded.public_key():
        raise ConnectionRefused(f"{key.name} is not the private key of {certificate.name}")
    if dated:
        _check_dates(loaded, whose=f"our certificate {certificate.name}")
    return ApplicationIdentity(
        loaded.public_bytes(Encoding.DER),
        private_key.private_bytes(
            Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        _uri_of(loaded, certificate),
    )


def _load_certificate(path: Path) -> x509.Certificate:
    try:
        content = path.read_bytes()
        if content.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)
    except OSError as error:
        raise ConnectionRefused(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConnectionRefused(f"{path} holds no certificate (DER or PEM)") from error


def _load_key(path: Path) -> rsa.RSAPrivateKey:
    try:
        content = path.read_bytes()
        if content.lstrip().startswith(b"-----BEGIN"):
            key = serialization.load_pem_private_key(content, None)
        else:
            key = serialization.load_der_private_key(content, None)
    except OSError as error:
        raise ConnectionRefused(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise ConnectionRefused(f"{path} holds no private key without a passphrase") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConnectionRefused(f"{path} holds no RSA key, which the security policies need")
    return key


def _uri_of(certificate: x509.Certificate, path: Path) -> str:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    if not uris:
        raise ConnectionRefused(
            f"{path.name} names no application URI (subjectAltName, OPC 10000-6 6.2.2)"
        )
    return uris[0]


def _check_dates(certificate: x509.Certificate, whose: str = "the server's certificate") -> None:
    now = datetime.now(UTC)
    if certificate.not_valid_after_utc < now:
        raise ConnectionRefused(f"{whose} expired on {certificate.not_valid_after_utc.date()}")
    if certificate.not_valid_before_utc > now:
        raise ConnectionRefused(
            f"{whose} is valid only from {certificate.not_valid_before_utc.date()}"
        )


def _portrait(certificate: x509.Certificate) -> str:
    return (
        f"{certificate.subject.rfc4514_string()}, SHA-256 "
        f"{certificate.fingerprint(hashes.SHA256()).hex()}"
    )


def _make_key(path: Path) -> rsa.RSAPrivateKey:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    content = key.private_bytes(
        Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return key


def _make_certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    """Return a self-signed application instance certificate (OPC 10000-6 6.2.2)."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, APPLICATION_NAME)])
    names = [
        x509.UniformResourceIdentifier(application_uri()),
        x509.DNSName(socket.gethostname()),
    ]
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    now = datetime.now(UTC)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
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
