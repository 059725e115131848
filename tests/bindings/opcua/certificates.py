"""Certificates for tests, as servers, clients and authorities have them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

MACHINE_URI = "urn:test:machine"
_BOTH = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its key in files."""

    certificate: Path
    key: Path
    der: bytes


def key_of(owner: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return the key of ``owner``, made once: that takes its time."""
    return _key(owner, bits)


@functools.cache
def _key(_owner: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def key_usage(*kinds: str) -> x509.KeyUsage:
    """Return a key usage of the ``kinds`` that are named and no others."""
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in kinds for name in names})


def dates(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    """Return when something begins and ends to be valid: yesterday and in nine days."""
    now = datetime.now(UTC)
    return since or now - timedelta(days=1), until or now + timedelta(days=9)


class Authority:
    """Someone who issues certificates and revokes them; each has one name and one key."""

    def __init__(
        self,
        name: str,
        issuer: Authority | None = None,
        *,
        path_length: int | None = None,
        usage: x509.KeyUsage | None = None,
        bits: int = 2048,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> None:
        self.key = key_of(name, bits)
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        extensions = [
            x509.BasicConstraints(ca=True, path_length=path_length),
            usage or key_usage("key_cert_sign", "crl_sign"),
        ]
        self.certificate = _certificate(
            self.name, self.key, issuer or self, extensions, *dates(since, until)
        )

    def issue(
        self,
        owner: str = "machine",
        *,
        uri: str = MACHINE_URI,
        hosts: Sequence[str] = ("127.0.0.1",),
        **options: Any,
    ) -> x509.Certificate:
        """Return a certificate of an application; ``options`` as of ``application_extensions``."""
        moments = dates(options.pop("since", None), options.pop("until", None))
        key = key_of(owner, options.pop("bits", 2048))
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, owner)])
        return _certificate(
            name, key, self, application_extensions(uri, hosts, **options), *moments
        )

    def revoke(
        self,
        *certificates: x509.Certificate,
        since: datetime | None = None,
        until: datetime | None = None,
        key: rsa.RSAPrivateKey | None = None,
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
    ) -> bytes:
        """Return the list of all that is revoked, in DER."""
        begins, ends = dates(since, until)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(begins)
            .next_update(ends)
        )
        for certificate in certificates:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.serial_number)
                .revocation_date(begins)
                .build()
            )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(key or self.key, hashes.SHA256()).public_bytes(Encoding.DER)


def application_extensions(
    uri: str,
    hosts: Sequence[str],
    *,
    usage: x509.KeyUsage | None = None,
    purposes: Sequence[x509.ObjectIdentifier] = _BOTH,
    ca: bool | None = None,
    more_names: Sequence[x509.GeneralName] = (),
) -> list[x509.ExtensionType]:
    """Return what the certificate of an application says besides its name."""
    names = [*([x509.UniformResourceIdentifier(uri)] if uri else []), *more_names]
    for host in hosts:
        try:
            names.append(x509.IPAddress(ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    extensions: list[x509.ExtensionType] = [x509.ExtendedKeyUsage(list(purposes))]
    if names:
        extensions.append(x509.SubjectAlternativeName(names))
    if usage is not None:
        extensions.append(usage)
    if ca is not None:
        extensions.append(x509.BasicConstraints(ca=ca, path_length=None))
    return extensions


def self_signed(
    owner: str = "machine",
    *,
    uri: str = MACHINE_URI,
    hosts: Sequence[str] = ("127.0.0.1",),
    bits: int = 2048,
    since: datetime | None = None,
    until: datetime | None = None,
    **options: Any,
) -> x509.Certificate:
    """Return the certificate of an application that vouches for itself."""
    key = key_of(owner, bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, owner)])
    extensions = application_extensions(uri, hosts, **options)
    return _certificate(name, key, None, extensions, *dates(since, until))


def der(*certificates: x509.Certificate) -> bytes:
    """Return certificates as a server shows them: DER, one after the other."""
    return b"".join(each.public_bytes(Encoding.DER) for each in certificates)


def key_pem(key: rsa.RSAPrivateKey, passphrase: str | None = None) -> bytes:
    """Return a private key in PEM, encrypted when there is a ``passphrase``."""
    how: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        how = serialization.BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


def write_pair(folder: Path, certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> KeyPair:
    """Write a certificate and its key into ``folder``, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    files = KeyPair(folder / "certificate.der", folder / "key.pem", der(certificate))
    files.certificate.write_bytes(files.der)
    files.key.write_bytes(key_pem(key))
    return files


def make_certificate(
    folder: Path,
    *,
    uri: str = MACHINE_URI,
    key: Path | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> KeyPair:
    """Make a self-signed application certificate, with a new key unless ``key`` is given."""
    if key is None:
        private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    else:
        loaded = serialization.load_pem_private_key(key.read_bytes(), None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        private_key = loaded
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    certificate = _certificate(
        name, private_key, None, application_extensions(uri, ()), *dates(since, until)
    )
    return write_pair(folder, certificate, private_key)


def _certificate(
    name: x509.Name,
    key: rsa.RSAPrivateKey,
    issuer: Authority | None,
    extensions: Iterable[x509.ExtensionType],
    since: datetime,
    until: datetime,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name if issuer is None else issuer.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )
    for extension in extensions:
        builder = builder.add_extension(
            extension, critical=isinstance(extension, x509.BasicConstraints | x509.KeyUsage)
        )
    return builder.sign(key if issuer is None else issuer.key, hashes.SHA256())
