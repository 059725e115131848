"""Which of a server's endpoints is used: the one asked for, or the best above a minimum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from asyncua import ua
from asyncua.crypto import security_policies

from aas_server.bindings.opcua.problems import ConnectionRefused
from aas_server.bindings.plant.security import SecuritySettings

NO_SECURITY: Final = security_policies.SecurityPolicyNone.URI

# From weak to strong. The outdated Basic128Rsa15 and Basic256 are not here: they are never used.
POLICIES: Final[dict[str, type[security_policies.SecurityPolicy]]] = {
    "None": security_policies.SecurityPolicyNone,
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256_Sha256_RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
MODES: Final = {
    "None": ua.MessageSecurityMode.None_,
    "Sign": ua.MessageSecurityMode.Sign,
    "SignAndEncrypt": ua.MessageSecurityMode.SignAndEncrypt,
}
_POLICY_ORDER: Final = {policy.URI: rank for rank, policy in enumerate(POLICIES.values())}
_MODE_ORDER: Final = {mode: rank for rank, mode in enumerate(MODES.values())}


@dataclass(frozen=True, slots=True)
class Choice:
    """The security of the endpoint that is used."""

    policy: str
    mode: str

    @property
    def is_secured(self) -> bool:
        """Return whether there is any."""
        return self.policy != "None"

    @property
    def uri(self) -> str:
        """Return the URI of the policy."""
        return str(POLICIES[self.policy].URI)


NOTHING: Final = Choice("None", "None")


def rank(policy_uri: str | None) -> int:
    """Return how strong a policy is; 0 for none and for those that are never used."""
    return _POLICY_ORDER.get(policy_uri or "", 0)


def choose(
    endpoints: Sequence[ua.EndpointDescription], settings: SecuritySettings
) -> ua.EndpointDescription:
    """Return the endpoint that ``settings`` ask for.

    With a minimum that is the best that is not below it in policy nor in mode: encryption before
    policy before the SecurityLevel that the server gives it. Raises ``ConnectionRefused`` when
    there is none.
    """
    fitting = [each for each in endpoints if _fits(each, settings)]
    if not fitting:
        offered = ", ".join(sorted({_told(offer) for offer in endpoints})) or "none"
        asked = settings.minimum if settings.takes_best else f"{settings.policy}/{settings.mode}"
        what = "as secure as the minimum " if settings.takes_best else ""
        raise ConnectionRefused(f"the server offers no endpoint {what}{asked}; it offers {offered}")
    return max(fitting, key=_strength)


def choice_of(endpoint: ua.EndpointDescription) -> Choice:
    """Return the security of an endpoint that ``choose`` returned."""
    policies = {policy.URI: name for name, policy in POLICIES.items()}
    modes = {mode: name for name, mode in MODES.items()}
    return Choice(policies[endpoint.SecurityPolicyUri], modes[endpoint.SecurityMode])


def find(
    endpoints: Iterable[ua.EndpointDescription], choice: Choice
) -> ua.EndpointDescription | None:
    """Return the endpoint with the security of ``choice``, None when there is none."""
    fitting = [each for each in endpoints if _is(each, choice.policy, choice.mode)]
    return max(fitting, key=_strength, default=None)


def check_not_weakened(
    endpoints: Sequence[ua.EndpointDescription], choice: Choice, settings: SecuritySettings
) -> None:
    """Raise ``ConnectionRefused`` when a server says over the secured channel that it offers more
    than it seemed to offer: then somebody between took that out of its first answer.
    """
    if not settings.takes_best or not endpoints:
        return
    best = choice_of(choose(endpoints, settings))
    if best != choice:
        raise ConnectionRefused(
            f"the server offers {best.policy}/{best.mode}, and somebody between it and us made it "
            f"seem to offer no more than {choice.policy}/{choice.mode}"
        )


def name_of(endpoint: ua.EndpointDescription) -> str:
    """Return the security of any endpoint as ``policy/mode``."""
    policy = (endpoint.SecurityPolicyUri or "").rpartition("#")[2]
    return f"{policy}/{endpoint.SecurityMode.name.rstrip('_')}"


def _fits(endpoint: ua.EndpointDescription, settings: SecuritySettings) -> bool:
    if not settings.takes_best:
        return _is(endpoint, settings.policy, settings.mode)
    policy, mode = settings.least
    return (
        _is_opc_tcp(endpoint)
        and endpoint.SecurityPolicyUri in _POLICY_ORDER
        and endpoint.SecurityMode in _MODE_ORDER
        and (endpoint.SecurityPolicyUri == NO_SECURITY)
        == (endpoint.SecurityMode == ua.MessageSecurityMode.None_)
        and _POLICY_ORDER[endpoint.SecurityPolicyUri] >= _POLICY_ORDER[POLICIES[policy].URI]
        and _MODE_ORDER[endpoint.SecurityMode] >= _MODE_ORDER[MODES[mode]]
    )


def _is(endpoint: ua.EndpointDescription, policy: str, mode: str) -> bool:
    return (
        _is_opc_tcp(endpoint)
        and endpoint.SecurityPolicyUri == POLICIES[policy].URI
        and endpoint.SecurityMode == MODES[mode]
    )


def _told(endpoint: ua.EndpointDescription) -> str:
    """Return the security of an endpoint in words, with the transport where that is not ours."""
    name = name_of(endpoint)
    if _is_opc_tcp(endpoint):
        return name
    return f"{name} over {(endpoint.EndpointUrl or 'nothing').partition(':')[0]}"


def _is_opc_tcp(endpoint: ua.EndpointDescription) -> bool:
    return (endpoint.EndpointUrl or "").startswith("opc.tcp:")


def _strength(endpoint: ua.EndpointDescription) -> tuple[int, int, int]:
    return (
        _MODE_ORDER[endpoint.SecurityMode],
        _POLICY_ORDER[endpoint.SecurityPolicyUri],
        endpoint.SecurityLevel or 0,
    )
