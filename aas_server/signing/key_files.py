"""Key and certificate files: read and checked, or made at the first start."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import NameOID

from aas_server.clock import Clock, to_datetime
from aas_server.errors import ConfigurationError

KEY_NAME: Final = "key.pem"
CERTIFICATE_NAME: Final = "certificate.pem"

_BITS: Final = 3072
_LEAST_BITS: Final = 2048
"""RS256 demands no less (RFC 7518, 3.3)."""
PackageKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_VALIDITY: Final = timedelta(days=3650)
_PRIVATE_MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class SigningIdentity:
    """A private RSA key and the certificates that vouch for it, the key's own first."""

    key: rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...]


def read_identity(key_file: Path, certificate_file: Path) -> SigningIdentity:
    """Return what both PEM files hold.

    Raises ``ConfigurationError`` that names the file: unreadable, no unencrypted RSA key of 2048
    bits at least, no certificate, or one of another key.
    """
    key = _read_key(key_file)
    chain = _read_chain(certificate_file)
    if chain[0].public_key() != key.public_key():
        raise ConfigurationError(
            f"the first certificate does not belong to the key in {key_file}",
            path=str(certificate_file),
        )
    return SigningIdentity(key, chain)


def make_identity(folder: Path, clock: Clock) -> SigningIdentity:
    """Make a key and a self-signed certificate in ``folder`` and return them.

    Nobody but the server's user can read the key. Raises ``ConfigurationError`` when the folder
    cannot be written.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    certificate = _self_signed(key, clock)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The key comes last: without it, a start that was interrupted makes both anew.
        _write(folder / CERTIFICATE_NAME, certificate.public_bytes(serialization.Encoding.PEM))
        _write(folder / KEY_NAME, private)
    except OSError as error:
        raise ConfigurationError(
            f"cannot keep the signing key here: {error.strerror}", path=str(folder)
        ) from error
    return SigningIdentity(key, (certificate,))


def read_package_key(
    key_file: Path, certificate_file: Path, *, password: str | None = None
) -> tuple[PackageKey, tuple[x509.Certificate, ...]]:
    """Return a key that signs packages, RSA or ECDSA, with the certificates that vouch for it.

    Raises ``ConfigurationError`` that names the file, as ``read_identity`` does.
    """
    key = _load(key_file, password)
    is_large = isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _LEAST_BITS
    if not is_large and not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigurationError(
            f"must be an ECDSA key, or an RSA key of {_LEAST_BITS} bits at least",
            path=str(key_file),
        )
    chain = _read_chain(certificate_file)
    if chain[0].public_key() != key.public_key():
        raise ConfigurationError(
            f"the first certificate does not belong to the key in {key_file}",
            path=str(certificate_file),
        )
    return key, chain  # type: ignore[return-value]


def _load(file: Path, password: str | None) -> PrivateKeyTypes:
    try:
        secret = None if password is None else password.encode()
        return serialization.load_pem_private_key(_read(file), password=secret)
    except TypeError as error:
        is_encrypted = password is None
        text = "the key is encrypted: give its password" if is_encrypted else "the key has none"
        raise ConfigurationError(text, path=str(file)) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        text = "holds no private key in PEM" + (", or the password is wrong" if password else "")
        raise ConfigurationError(text, path=str(file)) from error


def _read_key(file: Path) -> rsa.RSAPrivateKey:
    key = _load(file, None)
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _LEAST_BITS:
        raise ConfigurationError(
            f"must be an RSA key of {_LEAST_BITS} bits at least: documents are signed with RS256",
            path=str(file),
        )
    return key


def _read_chain(file: Path) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(_read(file)))
    except ValueError as error:
        raise ConfigurationError("holds no certificate in PEM", path=str(file)) from error


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read it: {error.strerror}", path=str(file)) from error


def _write(file: Path, content: bytes) -> None:
    """Write ``content`` so that it is there wholly or not at all, for this user alone."""
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_MODE)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)


def _self_signed(key: rsa.RSAPrivateKey, clock: Clock) -> x509.Certificate:
    now = to_datetime(clock.now())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"aas-server {clock.new_id()}")])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
