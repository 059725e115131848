"""Who vouches for a certificate: the way from it to a trusted authority, and what was revoked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import verification

from aas_server.bindings.opcua.certificate_rules import (
    STRONG_HASHES,
    application_uris,
    common_name,
    extension,
)
from aas_server.bindings.opcua.problems import ConnectionRefused
from aas_server.bindings.opcua.trust import KeptRevocations

_MAX_DEPTH: Final = 8
_SIGNING_KEYS: Final = (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)
_REASONS: Final = {
    "cert is not valid at validation time": "an authority on the way to it expired or is not yet "
    "valid",
    "signature does not match": "its signature is not that of the authority which it names",
    "path length constraint violated": "an authority on the way may not vouch for others",
    "RSA key is too weak": "an authority on the way has a weak key",
    "basicConstraints.cA must be asserted": "a certificate on the way is not that of an authority",
    "has no basicConstraints": "a certificate on the way is not that of an authority",
    "may not sign certificates": "an authority on the way may not sign certificates (keyUsage)",
}


class NobodyVouches(Exception):
    """There is no way from a certificate to an authority that is trusted; says why in one
    clause.
    """


def authorities(certificates: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """Return those of ``certificates`` that may vouch for others.

    The certificate of an application never may: many machines sign their own with the rights of an
    authority, and who trusts one machine does not mean all that this machine makes certificates
    for.
    """
    return [
        certificate
        for certificate in certificates
        if (constraints := extension(certificate, x509.BasicConstraints)) is not None
        and constraints.ca
        and not application_uris(certificate)
    ]


def find_way(
    certificate: x509.Certificate,
    trusted: Iterable[x509.Certificate],
    between: Iterable[x509.Certificate],
    now: datetime,
) -> list[x509.Certificate]:
    """Return the chain from ``certificate`` to one of the ``trusted`` authorities.

    On the way may stand authorities of ``between``. Signatures, dates, key sizes, hashes, key
    usages, basic constraints, path lengths and name constraints are checked.

    Raises ``NobodyVouches`` when there is no such way.
    """
    anchors = authorities(trusted)
    if not anchors:
        raise NobodyVouches("no authority is trusted")
    try:
        verifier = (
            verification.PolicyBuilder()
            .store(verification.Store(anchors))
            .time(now)
            .max_chain_depth(_MAX_DEPTH)
            .extension_policies(ca_policy=_authority_policy(), ee_policy=_ANY)
            .build_client_verifier()
        )
        return list(verifier.verify(certificate, authorities(between)).chain)
    except verification.VerificationError as error:
        raise NobodyVouches(_reason(str(error))) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NobodyVouches(f"the way to it cannot be read: {error}") from error


def known_issuers(
    certificate: x509.Certificate, known: Iterable[x509.Certificate]
) -> list[x509.Certificate]:
    """Return ``certificate`` and those who issued it, as far as they are ``known``, for what they
    revoked; whether they are trusted is not asked.
    """
    pool = authorities(known)
    chain = [certificate]
    while not is_self_issued(chain[-1]) and len(chain) <= _MAX_DEPTH:
        issuer = next((each for each in pool if _issued(each, chain[-1])), None)
        if issuer is None:
            break
        chain.append(issuer)
    return chain


def is_self_issued(certificate: x509.Certificate) -> bool:
    """Return whether nobody else vouches for ``certificate``."""
    return certificate.issuer == certificate.subject


def check_revocations(
    chain: Sequence[x509.Certificate],
    lists: Sequence[KeptRevocations],
    now: datetime,
    *,
    required: bool,
) -> None:
    """Raise ``ConnectionRefused`` when one of ``chain`` was revoked by the next, or when that
    cannot be told: a list that expired or is not signed by who it names, or with ``required`` none.
    """
    for certificate, issuer in pairwise(chain):
        newest = _newest(issuer, lists)
        if newest is not None:
            _check_list(newest, certificate, now)
        elif required:
            raise ConnectionRefused(
                f"there is no revocation list (CRL) of {common_name(issuer)!r}, and requireCrl is "
                "set: put one into crl/"
            )


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False
    return True


def _newest(issuer: x509.Certificate, lists: Sequence[KeptRevocations]) -> KeptRevocations | None:
    own = [kept for kept in lists if kept.revocations.issuer == issuer.subject]
    for kept in own:
        if not _is_signed_by(kept.revocations, issuer):
            raise ConnectionRefused(
                f"the revocation list {kept.path} is not signed by {common_name(issuer)!r}, whom "
                "it names: replace it"
            )
    return max(own, key=lambda kept: kept.revocations.last_update_utc, default=None)


def _check_list(kept: KeptRevocations, certificate: x509.Certificate, now: datetime) -> None:
    revocations = kept.revocations
    entry = revocations.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is not None:
        raise ConnectionRefused(
            f"the certificate of {common_name(certificate)!r} was revoked on "
            f"{entry.revocation_date_utc.date()} ({kept.path.name})"
        )
    next_update = revocations.next_update_utc
    if next_update is not None and next_update < now:
        raise ConnectionRefused(
            f"the revocation list {kept.path} expired on {next_update.date()}: put the issuer's "
            "new one in its place"
        )
    if revocations.last_update_utc > now:
        raise ConnectionRefused(
            f"the revocation list {kept.path} is valid only from "
            f"{revocations.last_update_utc.date()}: is a clock wrong?"
        )
    if any(each.critical for each in revocations.extensions):
        raise ConnectionRefused(
            f"the revocation list {kept.path} covers only a part of what its issuer revoked: put "
            "a complete one in its place"
        )


def _is_signed_by(revocations: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    usage = extension(issuer, x509.KeyUsage)
    if usage is not None and not usage.crl_sign:
        return False
    if not isinstance(revocations.signature_hash_algorithm, STRONG_HASHES):
        return False
    key = issuer.public_key()
    return isinstance(key, _SIGNING_KEYS) and revocations.is_signature_valid(key)


_ANY: Final = verification.ExtensionPolicy.permit_all()


def _authority_policy() -> verification.ExtensionPolicy:
    return (
        verification.ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, verification.Criticality.AGNOSTIC, None)
        .may_be_present(x509.KeyUsage, verification.Criticality.AGNOSTIC, _may_sign)
    )


def _may_sign(
    _policy: verification.Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None
) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("may not sign certificates")


def _reason(text: str) -> str:
    """Return in our words why there is no way, or the library's where we have none."""
    for theirs, ours in _REASONS.items():
        if theirs in text:
            return ours
    if "no interior errors" in text:
        return "no known authority issued it"
    return text.removeprefix("validation failed: ").removeprefix("candidates exhausted: ")
