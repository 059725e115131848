"""Which endpoint of a server we use, whether we trust it, and what may be told to it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies, uacrypto

from aas_server.bindings.opcua.pki import Pki, application_uri
from aas_server.bindings.opcua.problems import ConnectionRefused
from aas_server.bindings.plant_file import SecuritySettings

NO_SECURITY: Final = security_policies.SecurityPolicyNone.URI
_POLICIES: Final[dict[str, type[security_policies.SecurityPolicy]]] = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256_Sha256_RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
_ENCRYPTING: Final = frozenset(policy.URI for policy in _POLICIES.values())
_MODES: Final = {
    "None": ua.MessageSecurityMode.None_,
    "Sign": ua.MessageSecurityMode.Sign,
    "SignAndEncrypt": ua.MessageSecurityMode.SignAndEncrypt,
}


async def secure(
    client: Client,
    settings: SecuritySettings,
    pki: Pki,
    endpoints: Sequence[ua.EndpointDescription],
) -> None:
    """Prepare ``client`` for the endpoint that ``settings`` ask for, out of those that the server
    offers.

    Raises ``ConnectionRefused`` when there is none or when its certificate is not trusted.
    """
    policy = _POLICIES[settings.policy]
    endpoint = _find(endpoints, policy.URI, _MODES[settings.mode])
    if endpoint is None:
        offered = ", ".join(sorted({_name(offer) for offer in endpoints})) or "none"
        raise ConnectionRefused(
            f"the server offers no endpoint {settings.policy}/{settings.mode}; it offers {offered}"
        )
    certificate = leading_certificate(endpoint.ServerCertificate)
    await asyncio.to_thread(pki.check_server, certificate, settings.server_certificate)
    identity = await asyncio.to_thread(pki.identity, settings.certificate, settings.private_key)
    client.application_uri = identity.application_uri
    await client.set_security(
        policy,
        uacrypto.CertProperties(identity.certificate, "der"),
        uacrypto.CertProperties(identity.private_key, "der"),
        server_certificate=uacrypto.CertProperties(certificate, "der"),
        mode=_MODES[settings.mode],
    )


def introduce(client: Client) -> None:
    """Set under which names ``client`` shows up in the server's list of sessions."""
    client.name = client.description = "aas-server"
    client.product_uri = "urn:aas-server"
    client.application_uri = application_uri()


async def user_token(
    settings: SecuritySettings, pki: Pki, session: ua.CreateSessionResult
) -> ua.UserTokenPolicy:
    """Return how we prove who we are; a password leaves this machine only encrypted.

    Raises ``ConnectionRefused`` when the server takes no such user, or would take the password in
    the clear.
    """
    endpoint = _find(
        session.ServerEndpoints,
        NO_SECURITY if settings.policy == "None" else _POLICIES[settings.policy].URI,
        _MODES[settings.mode],
    )
    offers: list[ua.UserTokenPolicy] = [] if endpoint is None else endpoint.UserIdentityTokens
    if settings.user is None:
        return _anonymous(offers)
    encrypted_channel = settings.mode == "SignAndEncrypt"
    own_policy = "" if endpoint is None else endpoint.SecurityPolicyUri
    named = [offer for offer in offers if offer.TokenType == ua.UserTokenType.UserName]
    for offer in named:
        if (offer.SecurityPolicyUri or own_policy) in _ENCRYPTING:
            if settings.policy == "None":
                certificate = leading_certificate(session.ServerCertificate)
                await asyncio.to_thread(pki.check_server, certificate, settings.server_certificate)
            return offer
    if named and encrypted_channel:
        return named[0]
    if named:
        raise ConnectionRefused(
            "the server would take the password unencrypted on this endpoint: use a security "
            "policy with mode SignAndEncrypt"
        )
    raise ConnectionRefused("the server takes no user and password on this endpoint")


def leading_certificate(chain: bytes | None) -> bytes:
    """Return the first DER certificate of ``chain``, the server's own; what follows are its
    issuers'.
    """
    if chain is None or len(chain) < 4:
        raise ConnectionRefused("the server shows no certificate")
    return chain[: int.from_bytes(chain[2:4], "big") + 4]


def _anonymous(offers: Sequence[ua.UserTokenPolicy]) -> ua.UserTokenPolicy:
    offer: ua.UserTokenPolicy
    for offer in offers:
        if offer.TokenType == ua.UserTokenType.Anonymous:
            return offer
    raise ConnectionRefused("the server wants to know who we are: configure user and password")


def _find(
    endpoints: Sequence[ua.EndpointDescription], policy: str, mode: ua.MessageSecurityMode
) -> ua.EndpointDescription | None:
    fitting = [
        endpoint
        for endpoint in endpoints
        if endpoint.SecurityPolicyUri == policy
        and endpoint.SecurityMode == mode
        and (endpoint.EndpointUrl or "").startswith("opc.tcp:")
    ]
    return max(fitting, key=lambda endpoint: endpoint.SecurityLevel or 0, default=None)


def _name(endpoint: ua.EndpointDescription) -> str:
    policy = (endpoint.SecurityPolicyUri or "").rpartition("#")[2]
    return f"{policy}/{endpoint.SecurityMode.name.rstrip('_')}"
