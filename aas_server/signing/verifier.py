"""Verifying documents that came as JWS (IDTA-01002 v3.2, $signed): who signed which bytes."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Final, Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.registry import HeaderParameter

from aas_server.errors import BadRequest

ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
)  # fmt: skip
"""The algorithms that are accepted: none without a signature, none with a shared secret."""
_MAX_CERTIFICATES: Final = 10
_MAX_HEADER: Final = 100_000
_LEAST_BITS: Final = 2048


class _Registry(jws.JWSRegistry):
    """Takes headers with certificates and documents of any size that is read at all."""

    max_header_length = _MAX_HEADER
    max_payload_length = 100_000_000
    max_signature_length = 4096


_REGISTRY: Final = _Registry(
    {
        "sigT": HeaderParameter("time of the signature", "str"),
        "sid": HeaderParameter("id of the signature", "str"),
    },
    algorithms=list(ALGORITHMS),
    strict_check_header=False,
)


class Trust(Protocol):
    """Whom to believe."""

    def objection(self, chain: tuple[x509.Certificate, ...]) -> str | None:
        """Return why the first certificate's owner is not trusted now, None if they are."""


@dataclass(frozen=True, slots=True)
class VerifiedDocument:
    """What was signed, byte for byte, and the certificates of who did, their own first.

    ``claimed_time`` is what the signer says of it; nobody vouches for it. ``objection`` says why
    the signer is not to be trusted, None if they are.
    """

    payload: bytes
    chain: tuple[x509.Certificate, ...]
    claimed_time: str | None
    objection: str | None


def is_signed_document(body: bytes) -> bool:
    """Return whether ``body`` looks like a compact JWS."""
    return body.startswith(b"ey") and body.count(b".") == 2


def verify_document(token: bytes, trust: Trust) -> VerifiedDocument:
    """Return what a compact JWS with certificates in its header (x5c) says, and who says so.

    Raises ``BadRequest`` when the signature does not hold, or is made by a weak algorithm.
    """
    token = token.strip()
    header = _header(token)
    chain = _chain(header)
    try:
        signed = jws.deserialize_compact(token, _key(chain[0]), registry=_REGISTRY)
    except (JoseError, ValueError, TypeError) as error:
        raise BadRequest(f"the signature does not hold: {error}") from error
    moment = header.get("sigT")
    return VerifiedDocument(
        signed.payload,
        chain,
        moment if isinstance(moment, str) else None,
        trust.objection(chain),
    )


def _header(token: bytes) -> dict[str, Any]:
    part = token.split(b".", 1)[0]
    if len(part) > _MAX_HEADER:
        raise BadRequest(f"its header has more than {_MAX_HEADER} bytes")
    try:
        header = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise BadRequest("is no JWS") from error
    if not isinstance(header, dict):
        raise BadRequest("is no JWS")
    return header


def _chain(header: dict[str, Any]) -> tuple[x509.Certificate, ...]:
    texts = header.get("x5c")
    if not isinstance(texts, list) or not 0 < len(texts) <= _MAX_CERTIFICATES:
        raise BadRequest("its header carries no certificates (x5c), or too many")
    try:
        return tuple(x509.load_der_x509_certificate(base64.b64decode(each)) for each in texts)
    except (binascii.Error, ValueError, TypeError) as error:
        raise BadRequest("its header carries what is no certificate") from error


def _key(certificate: x509.Certificate) -> RSAKey | ECKey:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadRequest("the signer's certificate has a key of an unknown kind") from error
    body = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_BITS:
        return RSAKey.import_key(body)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return ECKey.import_key(body)
    raise BadRequest("the signer's key is neither ECDSA nor RSA of 2048 bits at least")
