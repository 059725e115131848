from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from aas_server.api.services import Services
from tests.api.conftest import Machine
from tests.api.documents import API, CONCEPT, LIVE, SHELL, TYPES
from tests.api.results import refused


@pytest.fixture(autouse=True)
async def _key(services: Services) -> None:
    await services.signer.open()


def verified(token: str) -> bytes:
    """The payload of a JWS, after checking it with the certificate in its header."""
    signed, _, signature = token.rpartition(".")
    head, payload, proof = (
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        for part in (*signed.split("."), signature)
    )
    certificate = x509.load_der_x509_certificate(base64.b64decode(json.loads(head)["x5c"][0]))
    public: Any = certificate.public_key()
    public.verify(proof, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return payload


@pytest.mark.parametrize(
    "path", [f"shells/{SHELL}", f"submodels/{TYPES}", f"concept-descriptions/{CONCEPT}"]
)
async def test_documents_are_signed_as_they_are(client: httpx.AsyncClient, path: str):
    response = await client.get(f"{API}/{path}/$signed")
    assert response.status_code == 200
    assert response.headers["content-type"].split(";")[0] == "text/plain"
    plain = await client.get(f"{API}/{path}", params={"extent": "withBlobValue"})
    assert verified(response.text) == plain.content


async def test_live_values_are_signed_as_they_are_now(client: httpx.AsyncClient, machine: Machine):
    machine.tell(machine.bind("Temperature"), 71.5)
    payload = json.loads(verified((await client.get(f"{API}/submodels/{LIVE}/$signed")).text))
    assert payload["submodelElements"][0]["value"] == "71.5"


async def test_what_is_not_there_is_not_signed(client: httpx.AsyncClient):
    refused(await client.get(f"{API}/shells/{TYPES}/$signed"), 404)
    refused(await client.get(f"{API}/submodels/$/$signed"), 400)
