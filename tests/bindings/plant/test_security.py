"""How a connection is secured is said once, and what contradicts itself is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from aas_server.bindings.plant.file import load_plant_file
from aas_server.bindings.plant.security import SecuritySettings
from aas_server.errors import ConfigurationError

SECRET = "hunter2-very-secret"


def load(tmp_path: Path, security: str) -> SecuritySettings:
    path = tmp_path / "plant.yaml"
    path.write_text(
        "version: 1\nconnections:\n  mill:\n    url: opc.tcp://h:1\n"
        f"    security: {security}\nbindings: []\n"
    )
    settings = load_plant_file(path).connections["mill"]
    found = getattr(settings, "security")  # noqa: B009 - other protocols have none
    assert isinstance(found, SecuritySettings)
    return found


def problem(tmp_path: Path, security: str) -> str:
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path, security)
    (line,) = str(error.value).splitlines()
    return line.partition("plant.yaml:")[2]


def test_a_minimum_alone_asks_for_the_best(tmp_path: Path) -> None:
    security = load(tmp_path, "{minimum: Basic256Sha256/Sign}")

    assert security.takes_best
    assert security.is_secured
    assert security.least == ("Basic256Sha256", "Sign")


def test_without_a_minimum_no_security_is_what_it_was(tmp_path: Path) -> None:
    security = load(tmp_path, "{}")

    assert not security.takes_best
    assert not security.is_secured


def test_a_policy_that_meets_the_minimum_is_taken_as_it_is(tmp_path: Path) -> None:
    security = load(
        tmp_path, "{policy: Aes128_Sha256_RsaOaep, mode: Sign, minimum: Basic256Sha256/Sign}"
    )

    assert not security.takes_best
    assert security.is_secured


@pytest.mark.parametrize(
    ("security", "told"),
    [
        (
            "{policy: Basic256Sha256, minimum: Aes128_Sha256_RsaOaep/Sign}",
            "Basic256Sha256/SignAndEncrypt is less than the minimum Aes128_Sha256_RsaOaep/Sign",
        ),
        (
            "{policy: Aes256_Sha256_RsaPss, mode: Sign, minimum: Basic256Sha256/SignAndEncrypt}",
            "Aes256_Sha256_RsaPss/Sign is less than the minimum Basic256Sha256/SignAndEncrypt",
        ),
        ("{policy: None, minimum: Basic256Sha256/Sign}", "does not go with policy None"),
        ("{policy: None, minimum: None/None}", "does not go with policy None"),
        ("{mode: Sign, minimum: Basic256Sha256/Sign}", "mode goes with policy"),
        ("{minimum: Basic256/Sign}", "minimum"),
        ("{minimum: Basic256Sha256}", "minimum"),
        ("{userCertificate: a.der}", "userCertificate and userPrivateKey come together"),
        ("{userPrivateKey: a.pem}", "userCertificate and userPrivateKey come together"),
        (
            "{user: a, password: {env: P}, userCertificate: a.der, userPrivateKey: a.pem}",
            "either a password or a certificate",
        ),
        ("{privateKeyPassphrase: {env: P}}", "goes with privateKey"),
        ("{userPrivateKeyPassphrase: {env: P}}", "goes with userPrivateKey"),
        ("{checkHost: 1}", "checkHost"),
        ("{requireCrl: 'yes'}", "requireCrl"),
    ],
)
def test_contradictions_are_told_with_their_line(tmp_path: Path, security: str, told: str) -> None:
    found = problem(tmp_path, security)

    assert found.startswith("5: ")
    assert told in found


@pytest.mark.parametrize("key", ["password", "privateKeyPassphrase", "userPrivateKeyPassphrase"])
@pytest.mark.parametrize("form", ["%s", "{value: %s}", "{%s}", "[%s]", "{env: '%s!'}"])
def test_no_secret_belongs_in_the_file_and_none_is_shown(
    tmp_path: Path, key: str, form: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, f"{{{key}: {form % SECRET}}}")

    error: BaseException | None = raised.value
    while error is not None:
        assert SECRET not in f"{error} {error!r}"
        error = None if error.__suppress_context__ else error.__context__


def test_a_secret_is_asked_for_by_its_name(tmp_path: Path) -> None:
    assert "a passphrase does not belong in this file" in problem(
        tmp_path, "{privateKeyPassphrase: x}"
    )


def test_the_files_of_a_user_are_seen_from_the_folder_of_the_file(tmp_path: Path) -> None:
    security = load(
        tmp_path,
        "{userCertificate: pki/user.der, userPrivateKey: /etc/user.pem,"
        " userPrivateKeyPassphrase: {file: secrets/user}}",
    )

    assert security.user_certificate == tmp_path / "pki/user.der"
    assert security.user_private_key == Path("/etc/user.pem")
    assert security.user_private_key_passphrase is not None
    assert security.user_private_key_passphrase.file == tmp_path / "secrets/user"
