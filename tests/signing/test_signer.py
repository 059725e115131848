from __future__ import annotations

import base64
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from joserfc import jws
from joserfc.jwk import RSAKey
from joserfc.registry import HeaderParameter

from aas_server.errors import ConfigurationError
from aas_server.signing.key_files import CERTIFICATE_NAME, KEY_NAME
from aas_server.signing.signer import DocumentSigner
from tests.support.clock import START, FakeClock

PAYLOAD = '{"id":"urn:ä","value":"1.50"}'.encode()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key of 2048 bits and its certificate: smaller than the server's own."""
    folder = tmp_path_factory.mktemp("keys")
    write_key(folder / KEY_NAME, rsa.generate_private_key(public_exponent=65537, key_size=2048))
    write_certificate(folder / CERTIFICATE_NAME, folder / KEY_NAME)
    return folder


def write_key(file: Path, key: Any, password: bytes | None = None) -> None:
    encryption: Any = serialization.NoEncryption()
    if password is not None:
        encryption = serialization.BestAvailableEncryption(password)
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )


def write_certificate(file: Path, key_file: Path) -> None:
    key: Any = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "plant")])
    now = datetime.fromtimestamp(START // 1_000_000, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


async def opened(folder: Path, clock: FakeClock, **files: Path) -> DocumentSigner:
    signer = DocumentSigner(folder, clock, **files)
    await signer.open()
    return signer


def parts(token: str) -> tuple[dict[str, Any], bytes, bytes]:
    header, payload, signature = (
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")
    )
    return json.loads(header), payload, signature


def certificate_of(token: str) -> x509.Certificate:
    chain = parts(token)[0]["x5c"]
    return x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))


async def test_the_payload_is_the_document_byte_for_byte(made: Path, clock: FakeClock):
    token = (await opened(made, clock)).sign(PAYLOAD)
    header, payload, _ = parts(token)
    assert payload == PAYLOAD
    assert "=" not in token
    assert list(header) == ["alg", "typ", "x5c", "sigT", "sid"]
    assert (header["alg"], header["typ"]) == ("RS256", "JWS")
    assert header["sigT"] == "2026-01-01T00:00:00Z"


async def test_the_certificate_in_the_header_verifies_the_signature(made: Path, clock: FakeClock):
    token = (await opened(made, clock)).sign(PAYLOAD)
    signed = token.rpartition(".")[0].encode()
    public: Any = certificate_of(token).public_key()
    public.verify(parts(token)[2], signed, padding.PKCS1v15(), hashes.SHA256())


async def test_another_library_verifies_it_and_notices_a_change(made: Path, clock: FakeClock):
    token = (await opened(made, clock)).sign(PAYLOAD)
    public: Any = certificate_of(token).public_key()
    key = RSAKey.import_key(
        public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    registry = jws.JWSRegistry(
        {"sigT": HeaderParameter("", "str"), "sid": HeaderParameter("", "str")}, ["RS256"]
    )
    registry.max_header_length = 10_000
    assert jws.deserialize_compact(token, key, registry=registry).payload == PAYLOAD
    header, payload, signature = token.split(".")
    forged = ".".join([header, payload[:-2] + ("A" if payload[-2] != "A" else "B"), signature])
    with pytest.raises(Exception, match=r"(?i)bad.*signature|signature"):
        jws.deserialize_compact(forged, key, registry=registry)


async def test_every_signature_has_an_id_of_its_own_and_its_time(made: Path, clock: FakeClock):
    signer = await opened(made, clock)
    first = parts(signer.sign(PAYLOAD))[0]
    clock.advance(61)
    second = parts(signer.sign(PAYLOAD))[0]
    assert first["sid"] != second["sid"]
    assert second["sigT"] == "2026-01-01T00:01:01Z"


async def test_a_large_document_is_signed(made: Path, clock: FakeClock):
    payload = b'"' + b"x" * 3_000_000 + b'"'
    assert parts((await opened(made, clock)).sign(payload))[1] == payload


async def test_the_first_start_makes_a_key_that_only_the_server_can_read(
    tmp_path: Path, clock: FakeClock
):
    folder = tmp_path / "data" / "signing"
    token = (await opened(folder, clock)).sign(PAYLOAD)
    assert {file.name for file in folder.iterdir()} == {KEY_NAME, CERTIFICATE_NAME}
    assert stat.S_IMODE((folder / KEY_NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    certificate = certificate_of(token)
    certificate.verify_directly_issued_by(certificate)
    again = (await opened(folder, clock)).sign(PAYLOAD)
    assert certificate_of(again) == certificate


async def test_a_first_start_that_was_interrupted_is_made_up_for(
    tmp_path: Path, made: Path, clock: FakeClock
):
    (tmp_path / CERTIFICATE_NAME).write_bytes((made / CERTIFICATE_NAME).read_bytes())
    (tmp_path / "key.part").write_bytes(b"half a key")
    assert (await opened(tmp_path, clock)).sign(PAYLOAD)
    assert not (tmp_path / "key.part").exists()


async def test_configured_files_are_used_with_their_whole_chain(
    tmp_path: Path, made: Path, clock: FakeClock
):
    pem = (made / CERTIFICATE_NAME).read_bytes()
    chain = tmp_path / "chain.pem"
    chain.write_bytes(pem + pem)
    signer = await opened(tmp_path / "own", clock, key=made / KEY_NAME, certificate=chain)
    assert len(parts(signer.sign(PAYLOAD))[0]["x5c"]) == 2
    assert not (tmp_path / "own").exists()


async def refusal(clock: FakeClock, **files: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        await opened(Path("unused"), clock, **files)
    return str(caught.value)


async def test_what_is_wrong_with_configured_files_is_told_with_the_file(
    tmp_path: Path, made: Path, clock: FakeClock
):
    key, certificate = made / KEY_NAME, made / CERTIFICATE_NAME
    elliptic, small, locked, other = (tmp_path / name for name in ("ec", "small", "locked", "new"))
    write_key(elliptic, ec.generate_private_key(ec.SECP256R1()))
    write_key(small, rsa.generate_private_key(public_exponent=65537, key_size=1024))
    write_key(other, rsa.generate_private_key(public_exponent=65537, key_size=2048))
    private: Any = serialization.load_pem_private_key(key.read_bytes(), password=None)
    write_key(locked, private, b"secret")
    missing = tmp_path / "missing"
    assert str(missing) in await refusal(clock, key=missing, certificate=certificate)
    assert str(missing) in await refusal(clock, key=key, certificate=missing)
    assert f"{certificate}: holds no private key" in await refusal(
        clock, key=certificate, certificate=certificate
    )
    assert f"{key}: holds no certificate" in await refusal(clock, key=key, certificate=key)
    assert f"{elliptic}: must be an RSA key" in await refusal(
        clock, key=elliptic, certificate=certificate
    )
    assert f"{small}: must be an RSA key" in await refusal(
        clock, key=small, certificate=certificate
    )
    assert f"{locked}: the key is encrypted" in await refusal(
        clock, key=locked, certificate=certificate
    )
    assert "does not belong" in await refusal(clock, key=other, certificate=certificate)
    assert "signing_certificate" in await refusal(clock, key=key)
    assert "signing_key" in await refusal(clock, certificate=certificate)


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, clock: FakeClock):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="file"):
        await opened(tmp_path / "file" / "signing", clock)


def test_nothing_is_signed_before_the_key_is_there(tmp_path: Path, clock: FakeClock):
    with pytest.raises(RuntimeError, match="not open"):
        DocumentSigner(tmp_path, clock).sign(PAYLOAD)
