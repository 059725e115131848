"""Certificates: who we are, and which servers we trust; all of it in one folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509

from aas_server.bindings.opcua.certificate_rules import (
    THEIRS,
    check_application_uri,
    check_host,
    check_merits,
    portrait,
    read_chain,
)
from aas_server.bindings.opcua.chains import (
    NobodyVouches,
    check_revocations,
    find_way,
    is_self_issued,
    known_issuers,
)
from aas_server.bindings.opcua.identity import (
    ApplicationIdentity,
    OwnCertificate,
    application_uri,
    read_identity,
)
from aas_server.bindings.opcua.problems import ConnectionRefused
from aas_server.bindings.opcua.trust import TrustFolder, TrustLists, read_certificates
from aas_server.clock import Clock, SystemClock, to_datetime
from aas_server.errors import ConfigurationError

__all__ = ["ApplicationIdentity", "Pki", "ServerTerms", "application_uri"]

log = structlog.get_logger(__name__)

WARN_BEFORE: Final = timedelta(days=30)
"""How long before its end a configured certificate is told of."""


@dataclass(frozen=True, slots=True)
class ServerTerms:
    """What a server has to prove with its certificate, besides that it is trusted."""

    host: str
    """The host that was configured."""
    application_uri: str | None
    """What the endpoint says who the server is; None where nothing says it."""
    pinned: Path | None = None
    """The file with the one certificate that is accepted."""
    check_host: bool | None = None
    """Whether the certificate must name the host; None: where an authority vouches for it."""
    require_crl: bool = False
    """Whether every authority must have a revocation list."""


class Pki:
    """The folder of certificates; safe to use from several threads."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.trust = TrustFolder(folder)
        self.own = OwnCertificate(folder / "own")
        self._folder = folder
        self._clock = clock or SystemClock()
        self._told: dict[Path, datetime] = {}

    def identity(
        self, certificate: Path | None, private_key: Path | None, passphrase: str | None = None
    ) -> ApplicationIdentity:
        """Return the configured identity, or our own, which is made when it is not there or expires
        soon.

        Raises ``ConnectionRefused`` when the configured files cannot be used.
        """
        now = self.now()
        if certificate is not None and private_key is not None:
            identity = read_identity(certificate, private_key, passphrase, now)
            if identity.expires - now >= WARN_BEFORE:
                return identity
            return replace(identity, notice=self._tell_of_the_end(certificate, identity, now))
        try:
            return self.own.current(now)
        except OSError as error:
            raise ConnectionRefused(
                f"our own certificate cannot be kept in {self._folder / 'own'}: {error.strerror}"
            ) from error

    def former_identity(self) -> ApplicationIdentity | None:
        """Return the identity that we had before our certificate was renewed, None when there is
        none or its certificate has ended: for machines that do not know the renewed one yet.
        """
        now = self.now()
        try:
            former = self.own.former(now)
        except (OSError, ConnectionRefused):
            return None
        if former is None:
            return None
        notice = (
            f"the machine does not trust our renewed certificate {self.own.certificate} yet: have "
            f"it trusted there before the former one ends on {former.expires.date()}"
        )
        return replace(former, notice=notice)

    def check_server(self, shown: bytes | None, terms: ServerTerms) -> x509.Certificate:
        """Return the certificate of a server that may be talked to, the first of those it has
        ``shown`` in DER.

        Raises ``ConnectionRefused`` for one that is weak, outside its dates, made for something
        else, not trusted (then it is put into ``rejected/``), revoked, or of another server.
        """
        chain = read_chain(shown)
        certificate, now = chain[0], self.now()
        check_merits(certificate, now)
        if terms.pinned is not None:
            _check_pinned(certificate, terms.pinned)
            return certificate
        lists = self._read_trust()
        authority = self._check_trust(chain, lists, now, require_crl=terms.require_crl)
        if terms.application_uri is not None:
            check_application_uri(certificate, terms.application_uri)
        if authority if terms.check_host is None else terms.check_host:
            check_host(certificate, terms.host)
        return certificate

    def _check_trust(
        self,
        chain: list[x509.Certificate],
        lists: TrustLists,
        now: datetime,
        *,
        require_crl: bool,
    ) -> bool:
        """Return whether it is an authority that vouches for the first of ``chain``, or False when
        it is trusted itself.
        """
        certificate, *sent = chain
        trusted = [kept.certificate for kept in lists.trusted]
        between = [*(kept.certificate for kept in lists.issuers), *sent]
        is_known = certificate in trusted
        if is_known:
            way = known_issuers(certificate, [*trusted, *between])
            if require_crl and not is_self_issued(way[-1]):
                raise ConnectionRefused(
                    f"it cannot be told whether {THEIRS} was revoked, and requireCrl is set: put "
                    "the certificates of its issuers into issuers/"
                )
        else:
            try:
                way = find_way(certificate, trusted, between, now)
            except NobodyVouches as error:
                raise self._rejection(certificate, str(error)) from error
        if len(way) > 1 and lists.unreadable_revocations:
            raise ConnectionRefused(
                f"{lists.unreadable_revocations[0]} is no revocation list (DER or PEM), so that it "
                f"cannot be told whether {THEIRS} was revoked: replace or remove it"
            )
        check_revocations(way, lists.revocations, now, required=require_crl)
        return not is_known

    def _rejection(self, certificate: x509.Certificate, reason: str) -> ConnectionRefused:
        who = f"{THEIRS} is not trusted ({portrait(certificate)}; {reason})"
        try:
            kept = self.trust.reject(certificate)
        except OSError as error:
            return ConnectionRefused(
                f"{who}, and could not be kept in {self.trust.rejected}: {error.strerror}"
            )
        return ConnectionRefused(
            f"{who}: check it, then move {kept} to {self.trust.trusted}, or run "
            f"'aas-server pki trust {kept.name}'"
        )

    def _read_trust(self) -> TrustLists:
        try:
            return self.trust.read()
        except OSError as error:
            raise ConnectionRefused(
                f"the trusted certificates cannot be read: {error.filename}: {error.strerror}"
            ) from error
        except ConfigurationError as error:
            raise ConnectionRefused(f"the trusted certificates cannot be read: {error}") from error

    def _tell_of_the_end(
        self, certificate: Path, identity: ApplicationIdentity, now: datetime
    ) -> str:
        """Return that a configured certificate comes to its end; it is logged once a day."""
        notice = (
            f"our certificate {certificate} expires on {identity.expires.date()}: put a renewed "
            "one in its place"
        )
        last = self._told.get(certificate)
        if last is None or now - last >= timedelta(days=1):
            self._told[certificate] = now
            log.warning(notice)
        return notice

    def now(self) -> datetime:
        """Return the time of day by which certificates are judged, in UTC."""
        return to_datetime(self._clock.now())


def _check_pinned(certificate: x509.Certificate, pinned: Path) -> None:
    try:
        expected = read_certificates(pinned)
    except OSError as error:
        raise ConnectionRefused(f"{pinned} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConnectionRefused(f"{pinned} {error}") from error
    if certificate != expected[0]:
        raise ConnectionRefused(
            f"the server shows another certificate ({portrait(certificate)}) than "
            f"serverCertificate {pinned.name}"
        )
