from __future__ import annotations

import enum
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.api.parameters import MAX_PARAMETERS, Query
from aas_server.errors import BadRequest
from tests.api.documents import encoded


class Shade(enum.Enum):
    LIGHT = "light"
    DARK = "dark"


def query(**parameters: str | list[str]) -> Query:
    pairs = [
        f"{name}={quote(value)}"
        for name, values in parameters.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return Query("&".join(pairs).encode())


def reference(*values: str) -> dict:
    keys = [{"type": "GlobalReference", "value": value} for value in values]
    return {"type": "ExternalReference", "keys": keys}


@pytest.mark.parametrize("value", ["0", "-1", "", "ten", "1.0", "+5", " 5", "٥", "9" * 5000])
def test_a_limit_out_of_its_range_is_refused_by_name(value):
    with pytest.raises(BadRequest, match="limit") as caught:
        query(limit=value).limit(default=100, largest=1000)
    assert caught.value.path == "limit"


def test_a_limit_has_a_default_and_both_ends_of_its_range():
    assert Query(b"").limit(default=100, largest=1000) == 100
    assert query(limit="1").limit(default=100, largest=1000) == 1
    assert query(limit="1000").limit(default=100, largest=1000) == 1000
    assert query(limit="1001").limit(default=100, largest=1000) == 1000


@pytest.mark.parametrize(
    "read",
    [
        lambda given: given.limit(default=1, largest=9),
        lambda given: given.cursor(),
        lambda given: given.choice("level", Shade.LIGHT),
        lambda given: given.reference("semanticId"),
        lambda given: given.one("idShort"),
    ],
)
def test_a_single_parameter_given_twice_is_refused(read):
    names = ("limit", "cursor", "level", "semanticId", "idShort")
    with pytest.raises(BadRequest, match="more than once"):
        read(query(**{name: ["1", "1"] for name in names}))


@pytest.mark.parametrize("sent", [b"limit=3", b"cursor=", b"cursor"])
def test_no_cursor_and_an_empty_one_mean_the_start(sent):
    assert Query(sent).cursor() is None


def test_a_choice_must_be_spelled_exactly():
    assert query(shade="dark").choice("shade", Shade.LIGHT) is Shade.DARK
    assert Query(b"").choice("shade", Shade.LIGHT) is Shade.LIGHT
    with pytest.raises(BadRequest, match="light or dark"):
        query(shade="Dark").choice("shade", Shade.LIGHT)


def test_unknown_parameters_are_ignored():
    given = query(outputFormat="aasx", limit="7")
    assert given.limit(default=1, largest=10) == 7


@pytest.mark.parametrize("raw", [b"idShort=%ff", "idShort=ä".encode("latin-1")])
def test_a_query_that_is_no_utf8_is_refused(raw):
    with pytest.raises(BadRequest, match="UTF-8"):
        Query(raw)


def test_a_query_of_endless_parameters_is_refused():
    with pytest.raises(BadRequest, match="parameters"):
        Query(b"&".join([b"a=b"] * (MAX_PARAMETERS + 1)))


def test_a_reference_is_json_or_a_plain_identifier_in_base64url():
    wanted = ("urn:a", "urn:b")
    assert query(semanticId=encoded(reference(*wanted))).reference("semanticId") == wanted
    assert query(semanticId=encoded("0173-1#01-ABC#001")).reference("semanticId") == (
        "0173-1#01-ABC#001",
    )
    assert query(semanticId="dXJuOmE=").reference("semanticId") == ("urn:a",)
    assert Query(b"").reference("semanticId") is None


@pytest.mark.parametrize(
    "value",
    [
        "invalid-base64url=====",
        "https://example.com/x",
        "",
        encoded(" "),
        encoded("{nothing"),
        encoded({}),
        encoded({"keys": []}),
        encoded({"keys": "urn:a"}),
        encoded({"keys": [{"type": "GlobalReference"}]}),
        encoded("x" * 4000),
    ],
)
def test_a_malformed_reference_is_refused_by_name(value):
    with pytest.raises(BadRequest) as caught:
        query(semanticId=value).reference("semanticId")
    assert caught.value.path == "semanticId"


PAIR_A, PAIR_B = {"name": "serial", "value": "1,2"}, {"name": "globalAssetId", "value": "urn:a"}
BOTH = frozenset({("serial", "1,2"), ("globalAssetId", "urn:a")})


@pytest.mark.parametrize(
    "values",
    [
        [encoded(PAIR_A), encoded(PAIR_B)],
        [encoded(PAIR_A) + "," + encoded(PAIR_B)],
        [encoded([PAIR_A, PAIR_B])],
        [encoded([PAIR_A]), encoded({**PAIR_B, "name": "GLOBALASSETID"})],
    ],
)
def test_asset_ids_come_repeated_joined_or_as_an_array(values):
    assert query(assetIds=values).asset_ids() == BOTH


@pytest.mark.parametrize(
    "value",
    [
        "invalid-base64url=====",
        "",
        encoded("serial"),
        encoded({"name": "x"}),
        encoded([1]),
        encoded({"name": 1, "value": 2}),
    ],
)
def test_malformed_asset_ids_are_refused_by_name(value):
    with pytest.raises(BadRequest) as caught:
        query(assetIds=value).asset_ids()
    assert caught.value.path == "assetIds"


@given(st.lists(st.text(min_size=1, max_size=20).filter(str.strip), min_size=1, max_size=4))
def test_any_reference_comes_back_as_its_key_values(values):
    found = query(semanticId=encoded(reference(*values))).reference("semanticId")
    assert found == tuple(value.strip() for value in values)


@given(st.binary(max_size=200))
def test_no_query_at_all_breaks_the_parser(raw):
    try:
        given_query = Query(raw)
        given_query.limit(default=1, largest=5)
        given_query.cursor()
        given_query.asset_ids()
        given_query.reference("semanticId")
    except BadRequest:
        pass


@pytest.mark.parametrize(("text", "value"), [("true", True), ("True", True), ("FALSE", False)])
def test_a_boolean_may_be_spelt_as_clients_of_other_languages_do(text, value):
    assert query(all=text).boolean("all", default=not value) is value


@pytest.mark.parametrize("text", ["", "1", "yes", "TRUEE"])
def test_what_is_no_boolean_is_refused_by_name(text):
    with pytest.raises(BadRequest) as caught:
        query(all=text).boolean("all", default=True)
    assert caught.value.path == "all"
