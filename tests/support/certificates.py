"""Certificates made for tests: self-signed, issued by an authority, expired."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from aas_server.clock import Clock, to_datetime

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Identity:
    """A private key with its certificate and those of who issued it."""

    key: Key
    chain: tuple[x509.Certificate, ...]

    def files(self, folder: Path, *, password: bytes | None = None) -> tuple[Path, Path]:
        """Return files with the key and the certificates, in PEM."""
        folder.mkdir(parents=True, exist_ok=True)
        encryption = (
            serialization.BestAvailableEncryption(password)
            if password
            else serialization.NoEncryption()
        )
        key, certificate = folder / "private.key", folder / "certificate.pem"
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
            )
        )
        pem = serialization.Encoding.PEM
        certificate.write_bytes(b"".join(each.public_bytes(pem) for each in self.chain))
        return key, certificate


def make_identity(
    clock: Clock,
    name: str = "Signer",
    *,
    issuer: Identity | None = None,
    is_authority: bool = False,
    key: Key | None = None,
    days: int = 30,
    begins: int = -1,
    address: str | None = None,
) -> Identity:
    """Return an identity whose certificate is valid from ``begins`` days from now on; of a server
    at an IP ``address``, if one is given.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = to_datetime(clock.now()) + timedelta(days=begins)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.chain[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if address is not None:
        name_of_server = x509.IPAddress(ip_address(address))
        builder = builder.add_extension(
            x509.SubjectAlternativeName([name_of_server]), critical=False
        )
    certificate = builder.sign(key if issuer is None else issuer.key, hashes.SHA256())
    return Identity(key, (certificate, *(() if issuer is None else issuer.chain)))
