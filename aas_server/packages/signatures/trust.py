"""Who is trusted: certificates of signers, or of those who issue certificates to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from aas_server.clock import Clock, to_datetime
from aas_server.errors import ConfigurationError

_PEM: Final = b"-----BEGIN CERTIFICATE-----"
_SUFFIXES: Final = frozenset({".pem", ".crt", ".cer", ".der"})
_MAX_DEPTH: Final = 5


class TrustedSigners:
    """The certificates that signatures are believed by.

    A signer is trusted whose own certificate is among them, or was issued by one of them that may
    issue certificates, directly or through others that the signature brings along. Certificates
    have to be valid now. Whether one was revoked is not asked.
    """

    def __init__(self, certificates: Iterable[x509.Certificate], clock: Clock) -> None:
        known = list(certificates)
        self._clock = clock
        self._own = {each.fingerprint(hashes.SHA256()) for each in known}
        self._issuers = [each for each in known if _may_issue(each)]

    def __bool__(self) -> bool:
        """Whether anybody is trusted at all."""
        return bool(self._own)

    def objection(self, chain: Sequence[x509.Certificate]) -> str | None:
        """Return why the owner of ``chain[0]`` is not trusted now, None if they are."""
        signer = chain[0]
        now = to_datetime(self._clock.now())
        if now < signer.not_valid_before_utc:
            return (
                f"the signer's certificate is valid only from {_day(signer.not_valid_before_utc)}"
            )
        if now > signer.not_valid_after_utc:
            return f"the signer's certificate has expired on {_day(signer.not_valid_after_utc)}"
        if not _may_sign(signer):
            return "the signer's certificate is not one for signatures"
        if signer.fingerprint(hashes.SHA256()) in self._own:
            return None
        if not self._issuers:
            return "the signer is none of those that are trusted"
        return self._broken_chain(chain, now)

    def _broken_chain(self, chain: Sequence[x509.Certificate], now: datetime) -> str | None:
        verifier = (
            PolicyBuilder()
            .store(Store(self._issuers))
            .time(now)
            .max_chain_depth(_MAX_DEPTH)
            .extension_policies(ee_policy=ExtensionPolicy.permit_all(), ca_policy=_ISSUERS)
            .build_client_verifier()
        )
        try:
            verifier.verify(chain[0], list(chain[1:]))
        except VerificationError as error:
            return f"the signer's certificate leads to none that is trusted: {error}"
        return None


def read_trusted(paths: Iterable[Path], clock: Clock) -> TrustedSigners:
    """Return the signers of certificate files (PEM or DER) and of folders of them.

    Raises ``ConfigurationError`` that names the file that holds none.
    """
    return TrustedSigners(
        [certificate for path in paths for file in _files(path) for certificate in _read(file)],
        clock,
    )


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.iterdir() if each.suffix.lower() in _SUFFIXES)
    if not found:
        raise ConfigurationError("holds no certificate files", path=str(path))
    return found


def _read(file: Path) -> list[x509.Certificate]:
    try:
        body = file.read_bytes()
        if _PEM in body:
            return x509.load_pem_x509_certificates(body)
        return [x509.load_der_x509_certificate(body)]
    except OSError as error:
        raise ConfigurationError(f"cannot read it: {error.strerror}", path=str(file)) from error
    except ValueError as error:
        raise ConfigurationError("holds no certificate in PEM or DER", path=str(file)) from error


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except ValueError:
        return False
    return usage.digital_signature or usage.content_commitment


def _check_issuer(
    policy: Policy, certificate: x509.Certificate, constraints: x509.BasicConstraints
) -> None:
    """Refuse an issuer that may not issue; the length of paths is the verifier's to check."""
    if not constraints.ca:
        raise ValueError("a certificate in the chain may not issue others")


def _check_usage(
    policy: Policy, certificate: x509.Certificate, usage: x509.KeyUsage | None
) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("a certificate in the chain may not sign others")


# Certificates of factories follow RFC 5280, seldom the rules that browsers demand.
_ISSUERS: Final = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _check_issuer)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _check_usage)
)


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")
