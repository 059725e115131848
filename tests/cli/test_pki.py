"""``aas-server pki``: what operators do with certificates, without knowing where they lie."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from typer.testing import CliRunner, Result

from aas_server.bindings.opcua.identity import application_uri
from aas_server.bindings.opcua.pki import Pki, ServerTerms
from aas_server.bindings.opcua.problems import ConnectionRefused
from aas_server.cli.main import app
from aas_server.cli.running import out
from tests.bindings.opcua.certificates import (
    MACHINE_URI,
    Authority,
    der,
    key_of,
    key_pem,
    self_signed,
)

TERMS = ServerTerms("127.0.0.1", MACHINE_URI)


def pki(data: Path, *words: str) -> Result:
    return CliRunner().invoke(
        app, ["pki", *words, "--data", str(data)], env={"COLUMNS": "300", "NO_COLOR": "1"}
    )


def knock(data: Path, certificate: x509.Certificate) -> bool:
    """Return whether a server with this certificate is talked to."""
    try:
        Pki(data / "pki").check_server(der(certificate), TERMS)
    except ConnectionRefused:
        return False
    return True


def fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def test_a_rejected_server_is_trusted_by_the_name_of_its_file(tmp_path: Path) -> None:
    theirs = self_signed()
    assert not knock(tmp_path, theirs)
    (kept,) = (tmp_path / "pki" / "rejected").iterdir()

    result = pki(tmp_path, "trust", kept.name)

    assert result.exit_code == 0, result.output
    assert fingerprint(theirs) in result.output.replace(":", "").lower()
    assert knock(tmp_path, theirs)
    assert not kept.exists()


def test_the_beginning_of_a_fingerprint_is_a_name_too(tmp_path: Path) -> None:
    one, other = self_signed("one"), self_signed("other")
    for each in (one, other):
        knock(tmp_path, each)
    digits = fingerprint(one)[:12].upper()
    with_colons = ":".join(digits[index : index + 2] for index in range(0, 12, 2))

    assert pki(tmp_path, "trust", with_colons).exit_code == 0

    assert knock(tmp_path, one)
    assert not knock(tmp_path, other)


def test_several_are_trusted_at_once(tmp_path: Path) -> None:
    both = self_signed("one"), self_signed("other")
    for each in both:
        knock(tmp_path, each)

    assert pki(tmp_path, "trust", *(fingerprint(each) for each in both)).exit_code == 0

    assert all(knock(tmp_path, each) for each in both)


def test_who_is_trusted_no_longer_is_refused(tmp_path: Path) -> None:
    theirs = self_signed()
    knock(tmp_path, theirs)
    pki(tmp_path, "trust", fingerprint(theirs))

    result = pki(tmp_path, "reject", fingerprint(theirs))

    assert result.exit_code == 0, result.output
    assert not knock(tmp_path, theirs)
    assert len(list((tmp_path / "pki" / "rejected").iterdir())) == 1


@pytest.mark.parametrize("command", ["trust", "reject", "show"])
@pytest.mark.parametrize("name", ["nobody.der", "../own/private_key.pem", "abc", ""])
def test_a_name_that_nobody_has_is_told_with_those_that_there_are(
    tmp_path: Path, command: str, name: str
) -> None:
    knock(tmp_path, self_signed())

    result = pki(tmp_path, command, name)

    assert result.exit_code == 2
    assert "no certificate in" in result.output
    assert repr(name) in result.output
    assert ("machine-" in result.output) == (command != "reject")


def test_a_name_that_several_have_is_not_guessed(tmp_path: Path) -> None:
    theirs = self_signed()
    folder = tmp_path / "pki" / "rejected"
    folder.mkdir(parents=True)
    for name in ("a.der", "b.der"):
        (folder / name).write_bytes(der(theirs))

    result = pki(tmp_path, "trust", fingerprint(theirs))

    assert result.exit_code == 2
    assert "several certificates" in result.output
    assert "a.der, b.der" in result.output


def test_our_own_certificate_is_shown_as_machines_have_to_know_it(tmp_path: Path) -> None:
    own = tmp_path / "pki" / "own"
    own.mkdir(parents=True)
    (own / "private_key.pem").write_bytes(key_pem(key_of("us")))

    result = pki(tmp_path, "show")

    assert result.exit_code == 0, result.output
    shown = x509.load_der_x509_certificate((own / "certificate.der").read_bytes())
    assert str(own / "certificate.der") in result.output
    assert application_uri() in result.output
    assert fingerprint(shown) in result.output.replace(":", "").lower()
    assert "PRIVATE" not in result.output


def test_any_certificate_is_shown_in_full(tmp_path: Path) -> None:
    theirs = self_signed(hosts=["press.example", "192.0.2.7"])
    knock(tmp_path, theirs)

    result = pki(tmp_path, "show", fingerprint(theirs)[:8])

    assert "press.example, 192.0.2.7" in result.output
    assert MACHINE_URI in result.output
    assert f"{theirs.serial_number:x}" in result.output


def test_everything_in_the_folder_is_listed(tmp_path: Path) -> None:
    root = Authority("root")
    folder = tmp_path / "pki"
    until = datetime.now(UTC) + timedelta(days=7)
    for name, content in {
        "trusted/root.der": der(root.certificate),
        "issuers/middle.der": der(Authority("middle", root).certificate),
        "crl/root.crl": root.revoke(root.issue(), until=until),
    }.items():
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(content)
    knock(tmp_path, self_signed())

    result = pki(tmp_path, "list")

    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert [line.split()[0] for line in lines] == ["trusted", "issuer", "rejected", "crl"]
    assert "root.der: authority 'root'" in lines[0]
    assert "machine-" in lines[2]
    assert f"1 revoked by CN=root until {until.date()}" in lines[3]


def test_what_cannot_be_read_is_listed_and_fails(tmp_path: Path) -> None:
    for name in ("trusted/old.der", "crl/old.crl"):
        (tmp_path / "pki" / name).parent.mkdir(parents=True)
        (tmp_path / "pki" / name).write_bytes(b"nothing")

    result = pki(tmp_path, "list")

    assert result.exit_code == 1
    assert result.output.count("is not what it should be") == 2


def test_a_folder_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    result = pki(tmp_path / "new", "list")

    assert (result.exit_code, result.output) == (0, "")


def test_the_name_of_a_stranger_cannot_steer_the_terminal(tmp_path: Path) -> None:
    theirs = self_signed("\x1b[2Jfriend\n[bold]trusted")
    knock(tmp_path, theirs)

    for result in (pki(tmp_path, "list"), pki(tmp_path, "show", fingerprint(theirs))):
        assert result.exit_code == 0
        assert "\x1b" not in result.output
        assert "[bold]trusted" in result.output


def test_a_fingerprint_is_shown_digit_by_digit() -> None:
    with out.capture() as shown:
        out.print("3A:AB:CL:0F", markup=False)

    assert shown.get() == "3A:AB:CL:0F\n"
