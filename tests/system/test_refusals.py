"""Requests that cannot be answered: the right status, always with a Result that says why."""

from __future__ import annotations

import pytest

from tests.system.aas_process import AasClient, encoded
from tests.system.strangers_model import OPERATIONAL_DATA

SUBMODEL = f"/submodels/{encoded(OPERATIONAL_DATA)}"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/no-such-thing", 404),
        ("GET", f"{SUBMODEL}/no-such-thing", 404),
        ("GET", f"/submodels/{encoded('urn:no:such')}", 404),
        ("GET", f"/shells/{encoded('urn:no:such')}", 404),
        ("GET", f"{SUBMODEL}/submodel-elements/Signals.NoSuch", 404),
        ("PATCH", f"{SUBMODEL}/submodel-elements/Signals.NoSuch/$value", 404),
        ("PUT", "/shells", 405),
        ("POST", f"{SUBMODEL}/$value", 405),
        ("GET", "/submodels/not*base64", 400),
        ("GET", "/shells/%C3%A9", 400),
        ("GET", f"/submodels/{encoded(OPERATIONAL_DATA)[:-1]}!", 400),
        ("GET", f"{SUBMODEL}/submodel-elements/Signals..DriveSpeed", 400),
        ("GET", f"{SUBMODEL}/submodel-elements/Signals[x]", 400),
        ("GET", "/shells?limit=many", 400),
        ("GET", "/shells?limit=0", 400),
        ("GET", "/submodels?semanticId=not*base64", 400),
        ("GET", f"{SUBMODEL}?level=sideways", 400),
    ],
)
def test_a_refusal_has_a_result_that_says_why(
    client: AasClient, method: str, path: str, status: int
) -> None:
    body = "1" if method in ("PATCH", "PUT", "POST") else None
    headers = {"Content-Type": "application/json"} if body else {}

    response = client.http.request(method, path, content=body, headers=headers)

    assert response.status_code == status, response.text
    assert response.headers["Content-Type"].startswith("application/json")
    (message, *_) = response.json()["messages"]
    assert message["text"]
    assert message["messageType"] in ("Error", "Exception")
    assert {"code", "timestamp", "correlationId"} <= message.keys()


def test_a_wrong_method_names_the_right_ones(client: AasClient) -> None:
    response = client.http.put("/shells", json={})

    assert "GET" in response.headers["Allow"]


def test_a_path_outside_the_api_is_refused_in_the_same_form(client: AasClient) -> None:
    response = client.http.get(f"{client.address}/no-such-page")

    assert response.status_code == 404
    assert response.json()["messages"]


def test_a_body_that_is_not_json_is_refused(client: AasClient) -> None:
    response = client.http.patch(
        f"{SUBMODEL}/submodel-elements/Remark/$value",
        content=b'"half a text',
        headers={"Content-Type": "application/json"},
    )

    assert response.status_code == 400, response.text
    assert response.json()["messages"]


@pytest.mark.parametrize("base", ["/api/v3", "/api/v3.0", "/api/v3.1"])
def test_every_base_path_answers_the_same(client: AasClient, base: str) -> None:
    answer = client.http.get(f"{client.address}{base}/shells")

    assert answer.status_code == 200
    assert answer.json() == client.get("/shells")
