from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from aas_server.api.description import supported_profiles
from aas_server.api.operations.operation import Profile, Service
from aas_server.api.operations.table import BASE_PATHS
from aas_server.api.settings import ApiSettings
from tests.api.documents import PLAIN_ID, SHELL_ID

PLAIN = ApiSettings(version="1")
FOR_ONE = ApiSettings(version="1", shell=SHELL_ID, submodel=PLAIN_ID)

# What the generated client of API 3.0 (aas-python-http-client 1.0.3) knows: it refuses any other.
KNOWN_TO_3_0 = {
    f"https://admin-shell.io/aas/API/3/0/{service}ServiceSpecification/SSP-{number:03}"
    for service, numbers in (
        ("AssetAdministrationShell", 2),
        ("Submodel", 3),
        ("AasxFileServer", 1),
        ("AssetAdministrationShellRegistry", 2),
        ("SubmodelRegistry", 2),
        ("Discovery", 1),
        ("AssetAdministrationShellRepository", 2),
        ("SubmodelRepository", 4),
        ("ConceptDescription", 1),
    )
    for number in range(1, numbers + 1)
}


async def profiles_at(client: httpx.AsyncClient, base: str) -> list[str]:
    response = await client.get(f"{base}/description")
    assert response.status_code == 200
    assert response.json().keys() == {"profiles"}
    return response.json()["profiles"]


@pytest.fixture(scope="module")
def published(shared_dir: Path) -> dict[str, list[dict]]:
    """The operations of each profile of API 3.1."""
    operations = json.loads((shared_dir / "spec" / "operations.json").read_text())["operations"]
    held: dict[str, list[dict]] = {}
    for each in operations:
        for profile in each["profiles"]:
            held.setdefault(profile, []).append(each)
    return held


@pytest.mark.parametrize("settings", [PLAIN, FOR_ONE], ids=["plain", "for one"])
async def test_a_profile_is_listed_when_every_published_operation_of_it_answers(
    client, published, settings
):
    listed = set(await profiles_at(client, BASE_PATHS[0]))
    for profile, operations in published.items():
        template = "SubmodelRepository" in profile and profile.endswith(("-003", "-004"))
        there = all(
            settings is FOR_ONE or each["path"].split("/")[1] not in ("aas", "submodel")
            for each in operations
        )
        assert (profile in listed) == (there and not template), profile


def test_profiles_of_templates_only_are_never_listed():
    for number in (3, 4):
        profile = Profile(Service.SUBMODEL_REPOSITORY.value, number)
        assert profile not in supported_profiles(FOR_ONE)


@pytest.mark.parametrize("settings", [PLAIN, FOR_ONE], ids=["plain", "for one"])
async def test_below_v3_0_there_is_nothing_that_a_client_of_3_0_does_not_know(client, settings):
    listed = await profiles_at(client, "/api/v3.0")
    assert listed
    assert set(listed) <= KNOWN_TO_3_0
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("base", ["/api/v3", "/api/v3.1"])
async def test_elsewhere_clients_of_both_versions_find_theirs(client, base):
    listed = await profiles_at(client, base)
    assert set(await profiles_at(client, "/api/v3.0")) <= set(listed)
    spelt_anew = "https://admin-shell.io/aas/API/3/0/ConceptDescriptionRepository"
    assert any(each.startswith(spelt_anew) for each in listed)
    assert listed[0].startswith("https://admin-shell.io/aas/API/3/1/")
    assert len(set(listed)) == len(listed)


async def test_what_is_in_no_released_version_is_not_listed(client):
    assert [each for each in await profiles_at(client, "/api/v3") if "/3/2/" in each] == []
