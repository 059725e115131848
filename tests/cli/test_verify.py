"""``aas-server sign`` and ``aas-server verify``."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from typer.testing import CliRunner, Result

from aas_server.cli.main import app
from aas_server.clock import SystemClock
from aas_server.signing.signer import DocumentSigner
from tests.packages.packages import aasx, environment, submodel
from tests.support.certificates import Identity, make_identity

PACKAGE = aasx(environment(submodel("urn:a")), {"aasx/files/a.txt": "content"})


@pytest.fixture(scope="module")
def signer() -> Identity:
    return make_identity(SystemClock())


@pytest.fixture
def package(tmp_path: Path) -> Path:
    file = tmp_path / "a.aasx"
    file.write_bytes(PACKAGE)
    return file


def run(*arguments: str | Path, code: int = 0, **environment: str) -> Result:
    result = CliRunner().invoke(
        app, [str(each) for each in arguments], env={"COLUMNS": "300", **environment}
    )
    assert result.exit_code == code, result.output
    return result


def signed(package: Path, signer: Identity) -> tuple[Path, Path]:
    key, certificate = signer.files(package.parent / "keys")
    target = package.with_name("signed.aasx")
    run("sign", package, "--key", key, "--certificate", certificate, "-o", target)
    return target, certificate


def test_a_package_is_signed_and_its_signer_told(package: Path, signer: Identity) -> None:
    target, certificate = signed(package, signer)
    text = run("verify", target, "--trust", certificate).stdout
    assert "signed by    CN=Signer" in text
    assert "signed by a trusted signer, all of it is covered" in text
    assert "nobody asked for trust" in run("verify", target).stdout
    view = json.loads(run("verify", target, "--trust", certificate.parent, "--json").stdout)
    assert (view["believed"], view["signatures"][0]["signer"]["subject"]) == (True, "CN=Signer")
    assert "/aasx/files/a.txt" in view["signatures"][0]["covered"]


def test_what_is_not_to_be_believed_ends_with_1(
    package: Path, signer: Identity, tmp_path: Path
) -> None:
    assert "has no signature" in run("verify", package, code=1).stdout
    target, _ = signed(package, signer)
    stranger = make_identity(SystemClock(), "Stranger").files(tmp_path / "other")[1]
    text = run("verify", target, "--trust", stranger, code=1).stdout
    assert "signature-untrusted" in text
    assert "not to be believed" in text


@pytest.mark.parametrize("body", [b"nonsense", b"", b"eyJ"])
def test_what_is_neither_package_nor_document_is_told(tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "odd"
    file.write_bytes(body)
    result = CliRunner().invoke(app, ["verify", str(file)])
    assert result.exit_code in (1, 2)
    assert result.output.strip()
    assert "Traceback" not in result.output


def test_a_key_with_a_password_takes_it_from_the_environment(
    package: Path, signer: Identity
) -> None:
    key, certificate = signer.files(package.parent / "keys", password=b"secret")
    command = ("sign", package, "--key", key, "--certificate", certificate, "-o", package)
    assert "give its password" in run(*command, code=2).stderr
    wrong = run(*command, "--password-env", "PASSWORD", code=2, PASSWORD="no")
    assert "password is wrong" in wrong.stderr
    run(*command, "--password-env", "PASSWORD", PASSWORD="secret")
    run("verify", package)


def test_a_key_that_does_not_fit_is_refused(package: Path, tmp_path: Path) -> None:
    first = make_identity(SystemClock()).files(tmp_path / "first")
    second = make_identity(SystemClock()).files(tmp_path / "second")
    result = run(
        "sign", package, "--key", first[0], "--certificate", second[1], "-o", package, code=2
    )
    assert "does not belong to the key" in result.stderr
    assert package.read_bytes() == PACKAGE


def test_a_signed_document_is_verified_too(tmp_path: Path) -> None:
    identity = make_identity(SystemClock(), key=rsa.generate_private_key(65537, 2048))
    key, certificate = identity.files(tmp_path / "keys")
    signer = DocumentSigner(tmp_path, SystemClock(), key=key, certificate=certificate)
    asyncio.run(signer.open())
    file = tmp_path / "document.jws"
    file.write_text(signer.sign(b'{"id":"urn:a","category":"%b"}' % (b"x" * 500_000)))
    assert "CN=Signer" in run("verify", file, "--trust", certificate).stdout
    head, payload, signature = file.read_text().split(".")
    file.write_text(f"{head}.{payload[:-2]}xx.{signature}")
    view = json.loads(run("verify", file, "--json", code=1).stdout)
    assert (view["believed"], view["findings"][0]["code"]) == (False, "signature-invalid")


def test_a_document_signed_with_a_shared_secret_is_refused(tmp_path: Path) -> None:
    from joserfc import jws
    from joserfc.jwk import OctKey

    key = OctKey.import_key("x" * 32)
    file = tmp_path / "document.jws"
    file.write_text(jws.serialize_compact({"alg": "HS256", "x5c": ["AAAA"]}, b"{}", key))
    assert run("verify", file, code=1).stdout
