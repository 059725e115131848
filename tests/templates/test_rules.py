"""What the qualifiers of templates say, as those who write templates spell them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.metamodel.tree import Node
from aas_server.templates.patterns import (
    MAX_PATTERN,
    parse_allowed_values,
    parse_id_short_pattern,
    parse_pattern,
)
from aas_server.templates.ranges import parse_range
from aas_server.templates.rules import Cardinality, Rules, parse_cardinality, read_rules
from aas_server.templates.vocabulary import RuleKind, belongs_to_templates, rule_kind


def qualifier(name: str, value: str | None = None, kind: str | None = None) -> Node:
    found = {"type": name, "valueType": "xs:string", "value": value, "kind": kind}
    return {key: member for key, member in found.items() if member is not None}


def rules(*pairs: tuple[str, str | None]) -> Rules:
    return read_rules({"qualifiers": [qualifier(name, value) for name, value in pairs]})


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SMT/Cardinality", RuleKind.CARDINALITY),
        ("Cardinality", RuleKind.CARDINALITY),
        ("Multiplicity", RuleKind.CARDINALITY),
        ("SMT/SMT/Cardinality", RuleKind.CARDINALITY),
        ("smt/cardinality ", RuleKind.CARDINALITY),
        ("SMT/AllowedValue2", RuleKind.ALLOWED_VALUE),
        ("SMT/Value", RuleKind.ALLOWED_VALUE),
        ("AllowedIdShort", RuleKind.ALLOWED_ID_SHORT),
        ("ExampleValue", RuleKind.EXAMPLE_VALUE),
        ("FormChoices", RuleKind.CHOICES),
        ("FormInfo", RuleKind.HINT),
        ("PresetIdShort", RuleKind.HINT),
        ("SMT/CollectionMappingInfo", RuleKind.HINT),
        ("SMT/SomethingNew", RuleKind.HINT),
        ("Value", None),
        ("Constraint", None),
        ("LifeCycleQual", None),
    ],
)
def test_a_qualifier_is_known_by_its_type(name: str, kind: RuleKind | None) -> None:
    assert rule_kind(qualifier(name)) is kind


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("SMT/Cardinality", "ConceptQualifier", True),
        ("Multiplicity", None, True),
        ("Note", "TemplateQualifier", True),
        ("Note", "ConceptQualifier", False),
        ("LifeCycleQual", None, False),
    ],
)
def test_what_instances_must_not_have_goes_by_vocabulary_and_kind(
    name: str, kind: str | None, expected: bool
) -> None:
    assert belongs_to_templates(qualifier(name, kind=kind)) is expected


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("One", 1, 1),
        ("ZeroToOne ", 0, 1),
        ("ZerotoMany", 0, None),
        ("ZerotToOne", 0, 1),
        ("OneToMany", 1, None),
        ("Three", 3, 3),
        ("TwoToMany", 2, None),
        ("Recursive", 0, None),
        ("1..3", 1, 3),
        ("0..*", 0, None),
        ("+", 1, None),
    ],
)
def test_a_cardinality_is_read_however_it_is_spelt(text: str, least: int, most: int | None) -> None:
    assert parse_cardinality(text) == Cardinality(least, most)


@pytest.mark.parametrize(
    "text", ["", "Many", "ZeroToNone", "OneToZero", "3..1", "0..0", "Zero", "eleven"]
)
def test_an_impossible_cardinality_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"none of One|allows nothing"):
        parse_cardinality(text)


def test_a_cardinality_is_shown_as_templates_have_it() -> None:
    shown = [str(parse_cardinality(text)) for text in ("One", "ZeroToMany", "TwoToMany", "Three")]
    assert shown == ["One", "ZeroToMany", "2..*", "3..3"]


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("[0,100]", ["0", "100", "1e1"], ["-0.001", "100.001"]),
        ("(0,1]", ["0.5", "1"], ["0"]),
        ("]0,1[", ["0.5"], ["0", "1"]),
        ("[0,1]|[5,*]", ["1", "5", "1e9"], ["2"]),
        ("[*,-5)", ["-6"], ["-5"]),
        ("ZeroToInf", ["0", "7"], ["-1"]),
        ("[3,3]", ["3"], ["2.9"]),
    ],
)
def test_a_range_holds_what_it_says(text: str, inside: list[str], outside: list[str]) -> None:
    allowed = parse_range(text)
    assert [allowed.holds(Decimal(number)) for number in inside] == [True] * len(inside)
    assert [allowed.holds(Decimal(number)) for number in outside] == [False] * len(outside)


@pytest.mark.parametrize(
    "text", ["", "0..1", "[0,1", "[a,b]", "[2,1]", "(1,1]", "[0,1]|", "[0;1;2]"]
)
def test_a_range_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no interval|holds no number"):
        parse_range(text)


@given(st.decimals(-1000, 1000, places=2), st.decimals(-1000, 1000, places=2), st.booleans())
def test_bounds_belong_to_a_range_exactly_when_the_bracket_says_so(
    one: Decimal, other: Decimal, is_closed: bool
) -> None:
    low, high = min(one, other), max(one, other) + 1
    text = f"[{low},{high}]" if is_closed else f"({low},{high})"
    allowed = parse_range(text)
    assert allowed.holds((low + high) / 2)
    assert allowed.holds(low) is allowed.holds(high) is is_closed


@pytest.mark.parametrize(
    ("texts", "allowed", "refused"),
    [
        (["a;b; c"], ["a", "b", "c"], ["a;b; c", "d", ""]),
        (["good | bad | uncertain"], ["bad"], ["|", "good | bad"]),
        (["low|high"], ["low", "high"], ["low|high"]),
        (["^(good|bad)$"], ["good"], ["^(good|bad)$", "goodbad"]),
        (["[A-Z]{2}-\\d+"], ["AB-1"], ["ab-1", "AB-1x"]),
        (["pass", "fail"], ["pass", "fail"], ["other"]),
        (["C++"], ["C++"], ["C"]),
    ],
)
def test_allowed_values_are_lists_or_patterns(
    texts: list[str], allowed: list[str], refused: list[str]
) -> None:
    found = parse_allowed_values(texts)
    assert [found.allows(text) for text in allowed] == [True] * len(allowed)
    assert [found.allows(text) for text in refused] == [False] * len(refused)


@pytest.mark.parametrize(
    ("text", "name"),
    [("Time[\\d{2,3}]", "Time01"), ("Policy[\\d]{2,3}", "Policy123"), ("^Sig[a-z]+$", "Signal")],
)
def test_patterns_of_id_shorts_are_read_as_they_are_meant(text: str, name: str) -> None:
    pattern = parse_id_short_pattern(text)
    assert pattern.matches(name)
    assert not pattern.matches(f"{name}-")
    assert pattern.text == text


def test_no_pattern_takes_longer_than_its_text() -> None:
    assert not parse_pattern("(a+)+$").matches("a" * 50_000 + "b")
    for text in ("a[", "(", "\\1", "a" * (MAX_PATTERN + 1), "(((a{1,500}){1,500}){1,500})"):
        with pytest.raises(ValueError, match=r"no regular expression|longer than"):
            parse_pattern(text)


def test_the_rules_of_an_element_are_read_together() -> None:
    found = rules(
        ("SMT/Cardinality", "ZeroToOne"),
        ("SMT/EitherOr", "A"),
        ("SMT/InitialValue", "bad"),
        ("SMT/DefaultValue", "good"),
        ("SMT/ExampleValue", "good"),
        ("SMT/AllowedValue", "good;bad"),
        ("SMT/AllowedRange", "[0,1]"),
        ("SMT/RequiredLang", "en|de"),
        ("SMT/AccessMode", "readonly"),
        ("FormChoices", "x; y"),
        ("Constraint", "prose"),
    )
    assert found.cardinality == Cardinality(0, 1)
    assert (found.either_or, found.initial, found.default) == ("A", "bad", "good")
    assert (found.examples, found.languages, found.choices) == (("good",), ("en", "de"), ("x", "y"))
    assert (str(found.allowed_values), found.access_mode) == ("good; bad", "ReadOnly")
    assert found.allowed_range is not None
    assert found.faults == ()


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ([("SMT/Cardinality", "Sometimes")], "bad-cardinality"),
        ([("SMT/Cardinality", "One"), ("Multiplicity", "ZeroToOne")], "several-cardinality"),
        ([("SMT/EitherOr", None)], "no-either-or"),
        ([("SMT/AllowedRange", "many")], "bad-allowed-range"),
        ([("SMT/AllowedValue", "[a-")], None),
        ([("SMT/AllowedValue", "^(a$")], "bad-allowed-value"),
        ([("SMT/AllowedIdShort", "A(")], "bad-allowed-id-short"),
        ([("SMT/RequiredLang", "english!")], "bad-required-lang"),
        ([("SMT/AccessMode", "Sometimes")], "bad-access-mode"),
    ],
)
def test_what_cannot_be_read_is_a_fault_and_no_rule(
    pairs: list[tuple[str, str | None]], code: str | None
) -> None:
    assert [fault.code for fault in rules(*pairs).faults] == ([] if code is None else [code])


def test_recursion_is_said_beside_a_cardinality() -> None:
    found = rules(("SMT/Cardinality", "ZeroToMany"), ("SMT/Cardinality", "Recursive"))
    assert (found.cardinality, found.is_recursive, found.faults) == (Cardinality(0, None), True, ())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["SMT/Cardinality", "SMT/AllowedRange", "SMT/AllowedValue", "x"]),
            st.text(max_size=30),
        ),
        max_size=4,
    )
)
def test_no_qualifier_makes_reading_fail(pairs: list[tuple[str, str]]) -> None:
    rules(*pairs)
