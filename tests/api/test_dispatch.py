from __future__ import annotations

import pytest

from aas_server.api.dispatch import Route, Router
from aas_server.api.handlers import handler_of
from aas_server.api.metrics import Series
from aas_server.api.operations.table import BASE_PATHS, OPERATIONS
from aas_server.api.settings import ApiSettings
from aas_server.errors import BadRequest, NotFound
from aas_server.metamodel.identifiers import encode_identifier
from tests.api.documents import API, PLAIN_ID, SHELL, SHELL_ID
from tests.api.results import refused

FOR_ONE = ApiSettings(version="1", shell=SHELL_ID, submodel=PLAIN_ID)
ROUTES = [Route(each, handler_of(each.handler), Series()) for each in OPERATIONS]
SAMPLES = {
    "aasIdentifier": "YWFz",
    "submodelIdentifier": "c20",
    "cdIdentifier": "Y2Q",
    "packageId": "cGtn",
    "templateIdentifier": "dA",
    "handleId": "aGFuZGxl",
    "idShortPath": "A.b[0]",
}


@pytest.fixture
def router() -> Router:
    return Router(ROUTES, base_paths=BASE_PATHS, shell="the shell", submodel="the submodel")


@pytest.mark.parametrize("base", BASE_PATHS)
def test_every_spelling_of_every_operation_is_found_with_its_values(router, base):
    for operation in OPERATIONS:
        for path in operation.paths:
            match = router.find(base + path.format(**SAMPLES))
            assert match is not None, path
            assert match.routes[operation.method].operation is operation
            given = {name: SAMPLES[name] for name in operation.path_parameters}
            assert given.items() <= match.values.items()
            assert match.values.keys() - given.keys() == {operation.implied} - {""}


def test_values_are_decoded_a_segment_at_a_time(router):
    match = router.find("/api/v3/submodels/a%2Fb/submodel-elements/A%5B0%5D.b/%24value/")
    assert match.values == {"submodelIdentifier": "a/b", "idShortPath": "A[0].b"}
    assert match.allow == "GET, HEAD, OPTIONS, PATCH"


def test_what_is_no_path_of_the_table_is_not_found(router):
    for path in ("/api/v3", "/api/v3/nothing", "/api/v4/shells", "/shells", "/api/v3/shells//"):
        assert router.find(path) is None, path


def test_a_path_that_is_no_text_is_malformed(router):
    with pytest.raises(BadRequest):
        router.find("/api/v3/submodels/%ff")


def test_the_paths_of_the_one_shell_and_submodel_stand_for_them(router):
    shell, submodel = encode_identifier("the shell"), encode_identifier("the submodel")
    assert router.find("/api/v3/aas").values == {"aasIdentifier": shell}
    below = router.find("/api/v3/aas/submodels/c20/$value")
    assert below.values == {"aasIdentifier": shell, "submodelIdentifier": "c20"}
    element = router.find("/api/v3/submodel/submodel-elements/A")
    assert element.values == {"submodelIdentifier": submodel, "idShortPath": "A"}


@pytest.mark.parametrize(
    ("path", "option"),
    [
        ("/aas", "--shell ID"),
        ("/aas/submodels/c20/$value", "--shell ID"),
        ("/submodel", "--submodel ID"),
        ("/submodel/submodel-elements", "--submodel ID"),
    ],
)
async def test_without_its_setting_such_a_path_is_not_found_and_names_it(client, path, option):
    assert option in refused(await client.get(f"{API}{path}"), 404)


async def test_one_setting_does_not_make_up_for_the_other():
    router = Router(ROUTES, base_paths=BASE_PATHS, shell="the shell")
    assert router.find("/api/v3/aas") is not None
    with pytest.raises(NotFound, match="--submodel"):
        router.find("/api/v3/submodel")


@pytest.mark.parametrize("settings", [FOR_ONE])
async def test_the_one_shell_and_submodel_are_answered_as_at_their_own_paths(client):
    submodel = f"submodels/{encode_identifier(PLAIN_ID)}"
    for short, long in (
        ("aas", f"shells/{SHELL}"),
        ("aas/$reference", f"shells/{SHELL}/$reference"),
        ("aas/asset-information", f"shells/{SHELL}/asset-information"),
        ("aas/submodel-refs", f"shells/{SHELL}/submodel-refs"),
        ("submodel", submodel),
        ("submodel/", submodel),
        ("submodel/$value", f"{submodel}/$value"),
        ("submodel/$metadata", f"{submodel}/$metadata"),
        ("submodel/submodel-elements", f"{submodel}/submodel-elements"),
    ):
        one, other = await client.get(f"{API}/{short}"), await client.get(f"{API}/{long}")
        assert one.status_code == 200, short
        assert one.content == other.content, short
        assert one.headers == other.headers, short


@pytest.mark.parametrize(
    "settings", [ApiSettings(version="1", shell="urn:nobody", submodel="urn:nothing")]
)
async def test_a_configured_id_that_is_not_there_is_not_found(client):
    assert "urn:nobody" in refused(await client.get(f"{API}/aas"), 404)
    assert "urn:nothing" in refused(await client.get(f"{API}/submodel"), 404)
