"""Certificates that strangers send: read whole before anything is believed, and strong enough."""

from __future__ import annotations

import warnings
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from aas_server.errors import BadRequest

MAX_BYTES: Final = 100_000
"""Bytes of a certificate at most."""
LEAST_RSA_BITS: Final = 2048
"""RS256 demands no less (RFC 7518, 3.3)."""
LEAST_CURVE_BITS: Final = 256
STRONG: Final = f"ECDSA of {LEAST_CURVE_BITS} bits or more, or RSA of {LEAST_RSA_BITS} bits or more"
"""What keys have to be, in words."""

StrongKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def read_certificate(body: bytes) -> x509.Certificate:
    """Return the certificate ``body``, in DER, of which every field can be read.

    Raises ``BadRequest`` for what is none, and for one with a key or extension that is damaged.
    """
    if len(body) > MAX_BYTES:
        raise BadRequest(f"holds a certificate of more than {MAX_BYTES} bytes")
    try:
        # What is odd about a stranger's certificate is no matter for the log.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(body)
            _touch(certificate)
    except (
        ValueError,
        TypeError,
        OverflowError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        x509.InvalidVersion,
    ) as error:
        raise BadRequest(f"holds no certificate: {error}") from error
    return certificate


def strong_key(certificate: x509.Certificate) -> StrongKey:
    """Return the key of a certificate; raises ``BadRequest`` for a weak or unusual one."""
    key = certificate.public_key()
    if not is_strong(key):
        raise BadRequest(f"the signer's key is not {STRONG}")
    return key  # type: ignore[return-value]


def is_strong(key: PublicKeyTypes | PrivateKeyTypes) -> bool:
    """Return whether signatures by ``key`` are worth anything."""
    if isinstance(key, (rsa.RSAPublicKey, rsa.RSAPrivateKey)):
        return key.key_size >= LEAST_RSA_BITS
    if isinstance(key, (ec.EllipticCurvePublicKey, ec.EllipticCurvePrivateKey)):
        return key.curve.key_size >= LEAST_CURVE_BITS
    return False


def _touch(certificate: x509.Certificate) -> None:
    """Read what is decoded only when it is asked for."""
    certificate.public_key()
    certificate.fingerprint(hashes.SHA256())
    certificate.subject.rfc4514_string()
    certificate.issuer.rfc4514_string()
    str(certificate.extensions)
    str((certificate.not_valid_before_utc, certificate.not_valid_after_utc))
