"""Packages over HTTP when a trusted signature is demanded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from aas_server.api.app import build_app
from aas_server.api.services import Services
from aas_server.api.settings import ApiSettings
from aas_server.clock import to_datetime
from aas_server.packages.signatures.policy import SignaturePolicy
from aas_server.packages.signatures.signing import sign_package
from aas_server.packages.signatures.trust import TrustedSigners
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.api.documents import API
from tests.api.forms import form, part, send
from tests.api.results import refused
from tests.packages.packages import aasx, environment, shell, submodel
from tests.support.certificates import Identity, make_identity
from tests.support.clock import FakeClock

PACKAGE = aasx(environment(shell("urn:new:shell"), submodel("urn:new")))


@pytest.fixture
def signer(clock: FakeClock) -> Identity:
    return make_identity(clock)


@pytest.fixture
async def client(
    services: Services, settings: ApiSettings, clock: FakeClock, signer: Identity
) -> AsyncIterator[httpx.AsyncClient]:
    policy = SignaturePolicy(TrustedSigners(signer.chain, clock))
    app = build_app(
        replace(services, signatures=policy), registry=CollectorRegistry(), settings=settings
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def signed(folder: Path, clock: FakeClock, signer: Identity) -> bytes:
    file = folder / "signed.aasx"
    file.write_bytes(PACKAGE)
    sign_package(file, file, signer.key, signer.chain, to_datetime(clock.now()))
    return file.read_bytes()


async def sent(client: httpx.AsyncClient, path: str, content: bytes) -> httpx.Response:
    body = form(part("file", content, file_name="a.aasx", content_type=None))
    return await send(client, f"{API}{path}", body, method="POST")


@pytest.mark.parametrize("path", ["/upload", "/packages"])
async def test_a_package_of_a_trusted_signer_is_taken(
    client: httpx.AsyncClient, tmp_path: Path, clock: FakeClock, signer: Identity, path: str
) -> None:
    answer = await sent(client, path, signed(tmp_path, clock, signer))
    assert answer.status_code in (200, 201), answer.text


@pytest.mark.parametrize("path", ["/upload", "/packages"])
async def test_other_packages_are_refused_and_nothing_is_kept(
    client: httpx.AsyncClient,
    filled: Repository,
    tmp_path: Path,
    clock: FakeClock,
    signer: Identity,
    path: str,
) -> None:
    stranger = signed(tmp_path, clock, make_identity(clock, "Stranger"))
    assert "has no signature" in refused(await sent(client, path, PACKAGE), 400)
    assert "none of those that are trusted" in refused(await sent(client, path, stranger), 400)
    assert await filled.submodels.find("urn:new") is None
    assert await filled.collection(Kind.PACKAGE).count() == 0


async def test_a_bare_environment_is_refused(client: httpx.AsyncClient) -> None:
    assert "no package" in refused(await sent(client, "/upload", b'{"submodels":[]}'), 400)
