"""Whether a server is trusted, and what may be told to it: who we are, a user, a password."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import uacrypto
from cryptography.hazmat.primitives.serialization import Encoding

from aas_server.bindings.opcua.certificate_rules import check_dates
from aas_server.bindings.opcua.endpoints import (
    MODES,
    NOTHING,
    POLICIES,
    Choice,
    check_not_weakened,
    choice_of,
    choose,
    find,
    rank,
)
from aas_server.bindings.opcua.identity import KeyPair, read_pair
from aas_server.bindings.opcua.pki import ApplicationIdentity, Pki, ServerTerms, application_uri
from aas_server.bindings.opcua.problems import ConnectionRefused, LinkLost
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings
from aas_server.bindings.plant.security import SecuritySettings
from aas_server.errors import ConfigurationError

HANDOVER: Final = timedelta(days=7)
"""How long before the end of the certificate in use a session changes to the renewed one."""


@dataclass(frozen=True, slots=True)
class Secured:
    """How a client was prepared: the security of its endpoint, and as which application."""

    choice: Choice = NOTHING
    identity: ApplicationIdentity | None = None


async def secure(
    client: Client,
    settings: OpcUaConnectionSettings,
    pki: Pki,
    endpoints: Sequence[ua.EndpointDescription],
    identity: ApplicationIdentity | None = None,
) -> Secured:
    """Prepare ``client`` for the endpoint that ``settings`` ask for, out of those that the server
    offers, and return how; ``identity`` is shown instead of ours.

    The host stays the configured one, whatever the endpoint says: servers name themselves as they
    are called in a network of their own. Raises ``ConnectionRefused`` when there is no such
    endpoint or when its certificate is not trusted.
    """
    endpoint = choose(endpoints, settings.security)
    choice = choice_of(endpoint)
    if not choice.is_secured:
        return Secured()
    certificate = await _check_server(settings, pki, endpoint.ServerCertificate, endpoint)
    if identity is None:
        identity = await asyncio.to_thread(own_identity, settings.security, pki)
    client.application_uri = identity.application_uri
    await client.set_security(
        POLICIES[choice.policy],
        uacrypto.CertProperties(identity.certificate, "der"),
        uacrypto.CertProperties(identity.private_key, "der"),
        server_certificate=uacrypto.CertProperties(certificate, "der"),
        mode=MODES[choice.mode],
    )
    return Secured(choice, identity)


def own_identity(settings: SecuritySettings, pki: Pki) -> ApplicationIdentity:
    """Return as which application we speak; reads files.

    Raises ``ConnectionRefused`` or ``ConfigurationError`` when they cannot be used.
    """
    passphrase = settings.private_key_passphrase
    return pki.identity(
        settings.certificate,
        settings.private_key,
        None if passphrase is None else passphrase.read(),
    )


async def former_identity(settings: SecuritySettings, pki: Pki) -> ApplicationIdentity | None:
    """Return whom a machine may still know us as, None when there is nobody else."""
    if settings.certificate is not None or not settings.is_secured:
        return None
    return await asyncio.to_thread(pki.former_identity)


async def hand_over(settings: SecuritySettings, pki: Pki, used: ApplicationIdentity) -> None:
    """Renew our certificate when it is time, also where a session stands for years.

    Raises ``LinkLost`` when the ``used`` one is about to end and another is there: the next session
    has that one.
    """
    try:
        current = await asyncio.to_thread(own_identity, settings, pki)
    except (ConnectionRefused, ConfigurationError):
        return  # told when the next session is made; this one needs it no more
    if current.certificate != used.certificate and used.expires - pki.now() < HANDOVER:
        raise LinkLost("our certificate is about to expire: a session with the renewed one follows")


def introduce(client: Client) -> None:
    """Set under which names ``client`` shows up in the server's list of sessions."""
    client.name = client.description = "aas-server"
    client.product_uri = "urn:aas-server"
    client.application_uri = application_uri()


async def user_token(
    settings: OpcUaConnectionSettings,
    pki: Pki,
    session: ua.CreateSessionResult,
    choice: Choice,
) -> ua.UserTokenPolicy:
    """Return how we prove who we are; a password leaves this machine only encrypted.

    Raises ``ConnectionRefused`` when the server takes no such user, would take the password in the
    clear, or is not the one that it seemed to be.
    """
    security = settings.security
    endpoint = find(session.ServerEndpoints or (), choice)
    check_not_weakened(session.ServerEndpoints or (), choice, security)
    offers: list[ua.UserTokenPolicy] = []
    if endpoint is not None:
        offers = [_with_policy(offer, endpoint) for offer in endpoint.UserIdentityTokens or ()]
    if security.user_certificate is not None:
        token = _certificate_token(offers)
    elif security.user is not None:
        token = _password_token(offers, choice)
    else:
        return _anonymous(offers)
    if not choice.is_secured:
        await _check_server(settings, pki, session.ServerCertificate, endpoint)
    return token


async def user_pair(settings: SecuritySettings, pki: Pki) -> KeyPair | None:
    """Return the certificate and key of the user, None where he has none.

    Raises ``ConnectionRefused`` or ``ConfigurationError`` when the files cannot be used.
    """
    certificate, key = settings.user_certificate, settings.user_private_key
    if certificate is None or key is None:
        return None
    source = settings.user_private_key_passphrase

    def read() -> KeyPair:
        pair = read_pair(certificate, key, None if source is None else source.read())
        check_dates(pair.certificate, pki.now(), f"the user's certificate {certificate}")
        return pair

    return await asyncio.to_thread(read)


async def _check_server(
    settings: OpcUaConnectionSettings,
    pki: Pki,
    shown: bytes | None,
    endpoint: ua.EndpointDescription | None,
) -> bytes:
    """Return the DER of the server's certificate when it is trusted."""
    security = settings.security
    terms = ServerTerms(
        host=urlsplit(settings.url).hostname or "",
        application_uri=None if endpoint is None else endpoint.Server.ApplicationUri or "",
        pinned=security.server_certificate,
        check_host=security.check_host,
        require_crl=security.require_crl,
    )
    certificate = await asyncio.to_thread(pki.check_server, shown, terms)
    return certificate.public_bytes(Encoding.DER)


def _with_policy(offer: ua.UserTokenPolicy, endpoint: ua.EndpointDescription) -> ua.UserTokenPolicy:
    """Return ``offer`` with the policy that protects it; where it names none, that is its
    endpoint's (OPC 10000-4 7.42).
    """
    return replace(offer, SecurityPolicyUri=offer.SecurityPolicyUri or endpoint.SecurityPolicyUri)


def _password_token(offers: Sequence[ua.UserTokenPolicy], choice: Choice) -> ua.UserTokenPolicy:
    named = [offer for offer in offers if offer.TokenType == ua.UserTokenType.UserName]
    if not named:
        raise ConnectionRefused("the server takes no user and password on this endpoint")
    best = max(named, key=lambda offer: rank(offer.SecurityPolicyUri))
    if rank(best.SecurityPolicyUri) or choice.mode == "SignAndEncrypt":
        return best
    raise ConnectionRefused(
        "the server would take the password unencrypted on this endpoint: use a security "
        "policy with mode SignAndEncrypt"
    )


def _certificate_token(offers: Sequence[ua.UserTokenPolicy]) -> ua.UserTokenPolicy:
    fitting = [offer for offer in offers if offer.TokenType == ua.UserTokenType.Certificate]
    if not fitting:
        raise ConnectionRefused("the server takes no user's certificate on this endpoint")
    best = max(fitting, key=lambda offer: rank(offer.SecurityPolicyUri))
    if not rank(best.SecurityPolicyUri):
        raise ConnectionRefused(
            "the server would take the user's certificate without a proof that is worth "
            "anything on this endpoint: use a security policy"
        )
    return best


def _anonymous(offers: Sequence[ua.UserTokenPolicy]) -> ua.UserTokenPolicy:
    for offer in offers:
        if offer.TokenType == ua.UserTokenType.Anonymous:
            return offer
    raise ConnectionRefused(
        "the server wants to know who we are: configure user and password, or userCertificate"
    )
