"""Identifiers in URLs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.errors import BadRequest
from aas_server.metamodel.identifiers import decode_identifier, encode_identifier


@given(st.text(min_size=1, max_size=2048).filter(lambda text: text.isprintable()))
def test_an_identifier_survives_its_url_form(identifier: str) -> None:
    encoded = encode_identifier(identifier)
    assert "=" not in encoded
    assert decode_identifier(encoded, name="aasIdentifier") == identifier


def test_padding_is_accepted() -> None:
    assert decode_identifier("dXJuOmU=", name="aasIdentifier") == "urn:e"


@pytest.mark.parametrize(
    "text",
    ["", "=", "a", "abcde", "a+b/", "dXJu OmU", "invalid-base64url=====", "_w", "dXJuOmU=x", "ü"],
)
def test_a_malformed_identifier_is_refused_with_the_name_of_its_parameter(text: str) -> None:
    with pytest.raises(BadRequest, match="aasIdentifier"):
        decode_identifier(text, name="aasIdentifier")


def test_an_identifier_of_more_than_2048_characters_is_refused() -> None:
    with pytest.raises(BadRequest, match="2048"):
        decode_identifier(encode_identifier("x" * 2049), name="aasIdentifier")
