"""What an OPC UA server's certificate has to be like, whoever issued it (OPC 10000-4 6.1.3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from ipaddress import ip_address
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from aas_server.bindings.opcua.problems import ConnectionRefused
from aas_server.certificates import MAX_BYTES, read_certificate
from aas_server.errors import BadRequest

LEAST_RSA_BITS: Final = 2048
"""What the security policies demand (OPC 10000-7 6.6.161 to 6.6.166)."""

MAX_CHAIN: Final = 10
"""Certificates that a server may show at once."""

STRONG_HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
THEIRS: Final = "the server's certificate"

_MAX_SHOWN: Final = 200
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def read_chain(shown: bytes | None) -> list[x509.Certificate]:
    """Return the certificates that a server shows, one DER after the other, its own first.

    Raises ``ConnectionRefused`` when there is none, or one that cannot be read, or too many.
    """
    if not shown:
        raise ConnectionRefused("the server shows no certificate")
    if len(shown) > MAX_BYTES:
        raise ConnectionRefused(f"the server shows certificates of more than {MAX_BYTES} bytes")
    chain: list[x509.Certificate] = []
    while shown:
        # Every certificate is a SEQUENCE of 256 to 65535 bytes: its length stands in two bytes.
        size = 4 + int.from_bytes(shown[2:4], "big")
        piece, shown = shown[:size], shown[size:]
        try:
            chain.append(read_certificate(piece))
        except BadRequest as error:
            raise ConnectionRefused(f"{THEIRS} cannot be read: {error.text}") from error
        if len(chain) > MAX_CHAIN:
            raise ConnectionRefused(f"the server shows more than {MAX_CHAIN} certificates")
    return chain


def check_dates(certificate: x509.Certificate, now: datetime, whose: str = THEIRS) -> None:
    """Raise ``ConnectionRefused`` when ``certificate`` is not valid ``now``."""
    if certificate.not_valid_after_utc < now:
        raise ConnectionRefused(
            f"{whose} expired on {certificate.not_valid_after_utc.date()}: it has to be renewed"
        )
    if certificate.not_valid_before_utc > now:
        raise ConnectionRefused(
            f"{whose} is valid only from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC: "
            "is a clock wrong?"
        )


def check_merits(certificate: x509.Certificate, now: datetime) -> None:
    """Raise ``ConnectionRefused`` for a server's certificate that is weak, outside its dates or
    made for something else.
    """
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise ConnectionRefused(f"{THEIRS} has no RSA key, which the security policies need")
    if key.key_size < LEAST_RSA_BITS:
        raise ConnectionRefused(
            f"{THEIRS} has a key of {key.key_size} bits: at least {LEAST_RSA_BITS} are needed"
        )
    if not isinstance(certificate.signature_hash_algorithm, STRONG_HASHES):
        algorithm = certificate.signature_hash_algorithm
        name = "an unknown hash" if algorithm is None else algorithm.name.upper()
        raise ConnectionRefused(f"{THEIRS} is signed with {name}: SHA-256 or better is needed")
    check_dates(certificate, now)
    _check_usage(certificate)


def _check_usage(certificate: x509.Certificate) -> None:
    usage = extension(certificate, x509.KeyUsage)
    if usage is not None and not (
        usage.digital_signature and (usage.key_encipherment or usage.data_encipherment)
    ):
        raise ConnectionRefused(
            f"{THEIRS} may not sign and encrypt (keyUsage): it is not one for OPC UA"
        )
    purposes = extension(certificate, x509.ExtendedKeyUsage)
    if purposes is not None and not (
        {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
        & set(purposes)
    ):
        raise ConnectionRefused(f"{THEIRS} is not for servers (extendedKeyUsage)")


def check_application_uri(certificate: x509.Certificate, application_uri: str) -> None:
    """Raise ``ConnectionRefused`` when ``certificate`` is not that of the application which its
    endpoint says it is.
    """
    if application_uri not in application_uris(certificate):
        named = shown(", ".join(application_uris(certificate))) or "none"
        raise ConnectionRefused(
            f"{THEIRS} is for another application: the server calls itself "
            f"{shown(application_uri) or 'nothing'!r}, the certificate names {named}; the server's "
            "certificate has to be made anew, or given as serverCertificate"
        )


def check_host(certificate: x509.Certificate, host: str) -> None:
    """Raise ``ConnectionRefused`` when ``certificate`` does not name ``host``, a name or an
    address.
    """
    names = host_names(certificate)
    if _plain(host) not in map(_plain, names):
        raise ConnectionRefused(
            f"{THEIRS} is for other hosts ({shown(', '.join(names)) or 'it names none'}) than the "
            f"configured {host}: connect under a name that it has, trust this one certificate "
            "itself, or say checkHost: false"
        )


def application_uris(certificate: x509.Certificate) -> list[str]:
    """Return the ApplicationUris that ``certificate`` names; there should be one (OPC 10000-6
    6.2.2).
    """
    names = extension(certificate, x509.SubjectAlternativeName)
    return [] if names is None else names.get_values_for_type(x509.UniformResourceIdentifier)


def host_names(certificate: x509.Certificate) -> list[str]:
    """Return the names and addresses of hosts that ``certificate`` names."""
    names = extension(certificate, x509.SubjectAlternativeName)
    if names is None:
        return []
    addresses: Iterable[object] = names.get_values_for_type(x509.IPAddress)
    return [*names.get_values_for_type(x509.DNSName), *map(str, addresses)]


def extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    """Return an extension of ``certificate``, None where it has none of that kind."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def common_name(certificate: x509.Certificate) -> str:
    """Return the common name of the subject, or the whole subject where it has none."""
    names = certificate.subject.get_attributes_for_oid(x509.oid.NameOID.COMMON_NAME)
    return shown(str(names[0].value) if names else certificate.subject.rfc4514_string())


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the whole certificate, 64 hexadecimal digits."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def portrait(certificate: x509.Certificate) -> str:
    """Return how a certificate is shown in messages: whose it is and its fingerprint."""
    return f"{shown(certificate.subject.rfc4514_string())}, SHA-256 {fingerprint(certificate)}"


def shown(text: str) -> str:
    """Return what a stranger wrote as it may stand in a log: of one line, of no great length."""
    plain = "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
    return plain if len(plain) <= _MAX_SHOWN else f"{plain[:_MAX_SHOWN]}…"


def _plain(host: str) -> str:
    """Return a host in one spelling; many certificates hold addresses among their names."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host.lower().removesuffix(".")
