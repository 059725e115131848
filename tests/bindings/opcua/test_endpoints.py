"""Of what a server offers, what was asked for is taken, or the best; nothing weak in its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies

from aas_server.bindings.opcua.endpoints import Choice, check_not_weakened, choice_of, choose
from aas_server.bindings.opcua.pki import Pki
from aas_server.bindings.opcua.problems import ConnectionRefused
from aas_server.bindings.opcua.security import secure, user_token
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings
from aas_server.bindings.plant.security import SecuritySettings
from tests.bindings.opcua.certificates import MACHINE_URI, der, key_of, key_pem, self_signed

NONE, BASIC, AES128, AES256 = (
    security_policies.SecurityPolicyNone.URI,
    security_policies.SecurityPolicyBasic256Sha256.URI,
    security_policies.SecurityPolicyAes128Sha256RsaOaep.URI,
    security_policies.SecurityPolicyAes256Sha256RsaPss.URI,
)
OUTDATED = [
    security_policies.SecurityPolicyBasic128Rsa15.URI,
    security_policies.SecurityPolicyBasic256.URI,
]
OPEN, SIGN, ENCRYPT = (
    ua.MessageSecurityMode.None_,
    ua.MessageSecurityMode.Sign,
    ua.MessageSecurityMode.SignAndEncrypt,
)
USER = {"user": "operator", "password": {"env": "NOT_READ_HERE"}}
CERTIFICATE = {"userCertificate": "user.der", "userPrivateKey": "user.pem"}


def endpoint(
    policy: str, mode: ua.MessageSecurityMode, level: int = 0, **changes: Any
) -> ua.EndpointDescription:
    made = ua.EndpointDescription(
        EndpointUrl="opc.tcp://internal-name:4840",
        SecurityPolicyUri=policy,
        SecurityMode=mode,
        SecurityLevel=level,
        Server=ua.ApplicationDescription(ApplicationUri=MACHINE_URI),
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return made


ALL = [
    endpoint(NONE, OPEN, 255),
    *(endpoint(policy, mode, 200) for policy in OUTDATED for mode in (SIGN, ENCRYPT)),
    *(endpoint(each, mode, 1) for each in (AES256, BASIC, AES128) for mode in (ENCRYPT, SIGN)),
    endpoint("http://opcfoundation.org/UA/SecurityPolicy#Unheard_Of", ENCRYPT, 250),
]


def chosen(endpoints: list[ua.EndpointDescription], **security: Any) -> str:
    choice = choice_of(choose(endpoints, SecuritySettings.model_validate(security)))
    return f"{choice.policy}/{choice.mode}"


@pytest.mark.parametrize(
    ("minimum", "without", "best"),
    [
        ("Basic256Sha256/Sign", [], "Aes256_Sha256_RsaPss/SignAndEncrypt"),
        ("Basic256Sha256/Sign", [AES256], "Aes128_Sha256_RsaOaep/SignAndEncrypt"),
        ("Aes128_Sha256_RsaOaep/Sign", [AES256], "Aes128_Sha256_RsaOaep/SignAndEncrypt"),
        ("None/None", [AES256, AES128], "Basic256Sha256/SignAndEncrypt"),
        ("None/None", [AES256, AES128, BASIC], "None/None"),
    ],
)
def test_the_best_above_the_minimum_is_taken_and_never_what_is_outdated(
    minimum: str, without: list[str], best: str
) -> None:
    offered = [each for each in ALL if each.SecurityPolicyUri not in without]

    assert chosen(offered, minimum=minimum) == best


def test_encryption_counts_more_than_the_policy() -> None:
    offered = [endpoint(AES256, SIGN, 9), endpoint(BASIC, ENCRYPT, 1)]

    assert chosen(offered, minimum="Basic256Sha256/Sign") == "Basic256Sha256/SignAndEncrypt"


def test_among_equals_the_servers_own_order_counts() -> None:
    weaker, better = endpoint(BASIC, ENCRYPT, 1), endpoint(BASIC, ENCRYPT, 7)

    taken = choose([weaker, better], SecuritySettings.model_validate({"policy": "Basic256Sha256"}))

    assert taken is better


@pytest.mark.parametrize(
    "offered",
    [
        [endpoint(NONE, OPEN), *(endpoint(policy, ENCRYPT) for policy in OUTDATED)],
        [endpoint(BASIC, SIGN)],
        [endpoint(BASIC, OPEN)],
        [endpoint(BASIC, ENCRYPT, EndpointUrl="https://internal-name:443")],
        [endpoint(BASIC, ua.MessageSecurityMode.Invalid)],
        [],
    ],
)
def test_what_is_below_the_minimum_is_refused_with_what_there_is(
    offered: list[ua.EndpointDescription],
) -> None:
    with pytest.raises(ConnectionRefused) as refusal:
        chosen(offered, minimum="Basic256Sha256/SignAndEncrypt")

    assert "minimum Basic256Sha256/SignAndEncrypt" in refusal.value.text
    for each in offered:
        assert (each.SecurityPolicyUri or "").rpartition("#")[2] in refusal.value.text


def test_what_a_server_offers_over_another_transport_is_told_as_such() -> None:
    offered = [endpoint(BASIC, SIGN, EndpointUrl="https://name:443"), endpoint(BASIC, ENCRYPT)]

    with pytest.raises(ConnectionRefused) as refusal:
        chosen(offered, policy="Basic256Sha256", mode="Sign")

    text = refusal.value.text
    assert text.endswith("offers Basic256Sha256/Sign over https, Basic256Sha256/SignAndEncrypt")


def test_what_was_asked_for_exactly_is_taken_whatever_is_better() -> None:
    assert chosen(ALL, policy="Basic256Sha256", mode="Sign") == "Basic256Sha256/Sign"
    with pytest.raises(ConnectionRefused, match="no endpoint Aes256_Sha256_RsaPss/Sign"):
        chosen([endpoint(AES256, ENCRYPT)], policy="Aes256_Sha256_RsaPss", mode="Sign")


def test_who_takes_the_better_endpoints_out_of_the_first_answer_is_noticed() -> None:
    settings = SecuritySettings.model_validate({"minimum": "Basic256Sha256/Sign"})
    seen = Choice("Basic256Sha256", "Sign")

    with pytest.raises(ConnectionRefused, match="offers Aes256_Sha256_RsaPss/SignAndEncrypt"):
        check_not_weakened(ALL, seen, settings)
    check_not_weakened([endpoint(BASIC, SIGN), endpoint(NONE, OPEN)], seen, settings)
    exact = SecuritySettings.model_validate({"policy": "Basic256Sha256", "mode": "Sign"})
    check_not_weakened(ALL, seen, exact)


async def test_the_host_stays_the_configured_one_whatever_a_server_calls_itself(
    tmp_path: Path,
) -> None:
    own, trusted, theirs = tmp_path / "own", tmp_path / "trusted", der(self_signed())
    for folder in (own, trusted):
        folder.mkdir()
    (own / "private_key.pem").write_bytes(key_pem(key_of("us")))
    (trusted / "machine.der").write_bytes(theirs)
    settings = OpcUaConnectionSettings.model_validate(
        {"url": "opc.tcp://192.0.2.7:4841/x", "security": {"minimum": "Basic256Sha256/Sign"}}
    )
    client = Client(settings.url)
    offered = endpoint(BASIC, ENCRYPT, ServerCertificate=theirs)
    assert "internal-name" in offered.EndpointUrl

    secured = await secure(client, settings, Pki(tmp_path), [offered])

    assert secured.choice == Choice("Basic256Sha256", "SignAndEncrypt")
    assert client.server_url.geturl() == settings.url


# ---- users ---------------------------------------------------------------------------------------


def token(kind: ua.UserTokenType, policy: str | None = None) -> ua.UserTokenPolicy:
    return ua.UserTokenPolicy(
        PolicyId=f"{kind.name} {policy}", TokenType=kind, SecurityPolicyUri=policy
    )


async def taken(
    tokens: list[ua.UserTokenPolicy],
    who: dict[str, Any],
    tmp_path: Path,
    *,
    policy: str = "None",
    mode: str = "None",
    trusted: bool = True,
) -> ua.UserTokenPolicy:
    """Return the token that is taken on an endpoint with ``tokens``."""
    certificate = self_signed()
    if trusted:
        (tmp_path / "trusted").mkdir()
        (tmp_path / "trusted" / "machine.der").write_bytes(der(certificate))
    settings = OpcUaConnectionSettings.model_validate(
        {"url": "opc.tcp://127.0.0.1:4840", "security": {"policy": policy, "mode": mode, **who}}
    )
    choice = Choice(policy, mode)
    offered = endpoint(choice.uri, ua.MessageSecurityMode[mode.replace("None", "None_")])
    offered.UserIdentityTokens = tokens
    created = ua.CreateSessionResult(ServerEndpoints=[offered], ServerCertificate=der(certificate))
    return await user_token(settings, Pki(tmp_path), created, choice)


NAMED, SHOWN, ANYONE = (
    ua.UserTokenType.UserName,
    ua.UserTokenType.Certificate,
    ua.UserTokenType.Anonymous,
)


@pytest.mark.parametrize("offered", [[token(NAMED)], [token(NAMED, NONE)]])
async def test_a_password_is_not_sent_in_the_clear(
    tmp_path: Path, offered: list[ua.UserTokenPolicy]
) -> None:
    with pytest.raises(ConnectionRefused, match="unencrypted"):
        await taken(offered, USER, tmp_path)


async def test_a_password_is_encrypted_on_an_endpoint_that_only_signs(tmp_path: Path) -> None:
    # Without a policy of its own the token has its endpoint's; taken as none, it went in the clear.
    found = await taken([token(NAMED)], USER, tmp_path, policy="Basic256Sha256", mode="Sign")

    assert found.SecurityPolicyUri == BASIC


async def test_a_password_that_the_server_wants_in_the_clear_goes_over_an_encrypted_channel_only(
    tmp_path: Path,
) -> None:
    clear = [token(NAMED, NONE)]
    with pytest.raises(ConnectionRefused, match="unencrypted"):
        await taken(
            clear, USER, tmp_path / "a", policy="Basic256Sha256", mode="Sign", trusted=False
        )

    found = await taken(clear, USER, tmp_path, policy="Basic256Sha256", mode="SignAndEncrypt")

    assert found is not None


@pytest.mark.parametrize(("kind", "who"), [(NAMED, USER), (SHOWN, CERTIFICATE)])
async def test_the_strongest_protection_of_a_user_is_taken(
    tmp_path: Path, kind: ua.UserTokenType, who: dict[str, Any]
) -> None:
    offered = [token(kind, each) for each in (NONE, OUTDATED[0], AES256, BASIC)]

    assert (await taken(offered, who, tmp_path)).SecurityPolicyUri == AES256


@pytest.mark.parametrize(("kind", "who"), [(NAMED, USER), (SHOWN, CERTIFICATE)])
async def test_nobody_is_introduced_over_an_open_channel_to_a_machine_that_is_not_trusted(
    tmp_path: Path, kind: ua.UserTokenType, who: dict[str, Any]
) -> None:
    with pytest.raises(ConnectionRefused, match="is not trusted"):
        await taken([token(kind, AES256)], who, tmp_path, trusted=False)


@pytest.mark.parametrize("policy", [NONE, *OUTDATED])
async def test_a_users_certificate_is_not_shown_without_a_proof_that_is_worth_anything(
    tmp_path: Path, policy: str
) -> None:
    with pytest.raises(ConnectionRefused, match="proof that is worth"):
        await taken([token(SHOWN, policy)], CERTIFICATE, tmp_path)


@pytest.mark.parametrize(
    ("offered", "who", "reason"),
    [
        ([token(ANYONE)], USER, "takes no user and password"),
        ([token(ANYONE)], CERTIFICATE, "takes no user's certificate"),
        ([token(NAMED), token(SHOWN)], {}, "configure user and password, or userCertificate"),
        ([], {}, "wants to know who we are"),
    ],
)
async def test_a_server_that_does_not_take_such_a_user_is_told_of(
    tmp_path: Path, offered: list[ua.UserTokenPolicy], who: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ConnectionRefused, match=reason):
        await taken(offered, who, tmp_path)


async def test_who_says_nothing_about_himself_is_anonymous(tmp_path: Path) -> None:
    found = await taken([token(NAMED, AES256), token(ANYONE)], {}, tmp_path)

    assert found.TokenType is ANYONE
