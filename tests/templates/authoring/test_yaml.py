"""Templates written as YAML: what they compile to, and how they are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aas_core3_1.jsonization as aas_json
import aas_core3_1.verification as aas_verification
import pytest

from aas_server.errors import ConfigurationError
from aas_server.templates.authoring.compiling import to_text
from aas_server.templates.authoring.loading import compile_file
from aas_server.templates.instantiation.engine import Maker
from aas_server.templates.instantiation.request import Mode, Request
from aas_server.templates.prototype import Prototype, Template
from aas_server.templates.reading import template_of

_HEAD = """\
template: Pump
id: https://example.com/smt/Pump/1/0
version: "1.2"
name: {en: Pump, de: Pumpe}
text: {en: A pump., de: Eine Pumpe.}
concepts: https://example.com/smt/Pump/{path}/1/0
"""
_EVERYTHING = (
    _HEAD
    + """\
types:
  Part:
    text: A part of the pump.
    statements:
      Parts: Part *
      Weight: {type: decimal, card: "?", unit: kg, text: How heavy it is.}
  Place: {type: string, text: Where it is., example: Hall 2}
elements:
  Speed:
    type: double
    card: "?"
    unit: {ucum: 1/min, id: 0112/2///62720#UAA000}
    range: "[0,3000]"
    id: 0173-1#02-AAA000#001
    also: [0112/2///61987#ABA000#001, 0112/2///61987#ABA000#002]
    name: {en: Speed, de: Drehzahl}
    text: {en: Speed of the shaft., de: Drehzahl der Welle.}
    example: 1450
    access: ReadOnly
  State:
    type: string
    values: [Off, On, a.b]
    initial: Off
    default: On
    text: What it does.
  Kind: {type: string, fixed: centrifugal, text: What sort it is.}
  Remark: {type: texts, languages: [en, de], text: What is said.}
  Pressure: {type: range of double, text: Smallest and largest pressure.}
  Manual: {type: file, contentType: application/pdf, text: The manual.}
  Icon: {type: blob, contentType: image/png, text: A picture.}
  Plan: {type: reference, text: Where the plan is.}
  Same: {type: relationship, text: Two that are the same.}
  Noted: {text: Two with a note., annotations: {Note: {type: texts, text: The note.}}}
  Here: Place ?
  There: {type: Place, card: "+", text: Another place.}
  Pipe__00__:
    card: "*"
    text: A pipe.
    idShort: "^Pipe[0-9]+$"
    collection:
      Length: {type: long, either: Size, card: "?", text: How long.}
      Count: {type: int, either: Size, card: "?", text: How many.}
  Drives:
    card: "?"
    text: The drives.
    list:
      concept: Drive
      card: +
      text: A drive.
      collection: {Power: {type: double, text: Its power.}}
  Names: {text: Names., list: {type: string, text: A name.}}
  Marks: {type: list of dateTime, ordered: false, text: Marks in time.}
  Casing: {type: Part, managed: co}
  Address: {card: "*", dropIn: true, text: Where it stands., collection: {}}
  Other: {type: string, card: "*", arbitrary: true, text: Anything else.}
  Start:
    text: Starts it.
    inputs: {Speed: {type: double, id: urn:x:speed, text: How fast.}}
    outputs: {Done: {type: boolean, text: Whether it runs.}}
    inoutputs: {Token: {type: string, text: A token.}}
  Failed: {type: event, direction: output, text: It failed.}
  Pumping: {type: capability, text: It can pump.}
"""
)


@pytest.fixture
def compile_text(tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    def compile_it(text: str) -> dict[str, Any]:
        file = tmp_path / "pump.yaml"
        file.write_text(text, encoding="utf-8")
        return compile_file(file)

    return compile_it


@pytest.fixture
def environment(compile_text: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return compile_text(_EVERYTHING)


@pytest.fixture
def template(environment: dict[str, Any]) -> Template:
    return template_of(environment["submodels"][0], {}, source="test")


def _at(template: Template, path: str) -> Prototype:
    (found,) = (each for each in template.walk() if each.path == path)
    return found


def _findings(environment: dict[str, Any]) -> list[str]:
    read = aas_json.environment_from_jsonable(environment)
    return [f"{error.path}: {error.cause}" for error in aas_verification.verify(read)]


def _content(environment: dict[str, Any], identifier: str) -> dict[str, Any]:
    (concept,) = (each for each in environment["conceptDescriptions"] if each["id"] == identifier)
    content: dict[str, Any] = concept["embeddedDataSpecifications"][0]["dataSpecificationContent"]
    return content


def test_every_type_of_element_compiles_to_what_verifies(environment: dict[str, Any]) -> None:
    assert _findings(environment) == []
    types = {each["modelType"] for each in environment["submodels"][0]["submodelElements"]}
    assert len(types) == 14


def test_the_submodel_is_a_template_with_its_version(environment: dict[str, Any]) -> None:
    (submodel,) = environment["submodels"]
    assert submodel["kind"] == "Template"
    assert submodel["id"] == "https://example.com/smt/Pump/1/0/template"
    assert submodel["administration"] == {
        "version": "1",
        "revision": "2",
        "templateId": "https://example.com/smt/Pump/1/0/template",
    }


def test_rules_are_qualifiers_that_the_engine_reads(template: Template) -> None:
    speed = _at(template, "Speed")
    assert speed.rules.faults == ()
    assert str(speed.cardinality) == "ZeroToOne"
    assert speed.rules.allowed_range is not None
    assert speed.rules.examples == ("1450",)
    assert speed.rules.access_mode == "ReadOnly"
    assert len(speed.supplemental) == 2
    for qualifier in speed.node["qualifiers"]:
        assert qualifier["kind"] == "TemplateQualifier"
        word = qualifier["type"].removeprefix("SMT/")
        (key,) = qualifier["semanticId"]["keys"]
        assert key["value"] == f"https://admin-shell.io/SubmodelTemplates/{word}/1/0"
    state = _at(template, "State").rules
    assert (state.initial, state.default) == ("Off", "On")
    assert state.allowed_values is not None
    allowed = [text for text in ("Off", "On", "a.b", "axb") if state.allowed_values.allows(text)]
    assert allowed == ["Off", "On", "a.b"]
    assert _at(template, "Remark").rules.languages == ("en", "de")
    assert _at(template, "Pipe__00__.Count").rules.either_or == "Size"
    assert _at(template, "Address").is_drop_in
    assert _at(template, "Other").is_arbitrary


def test_words_that_other_dialects_take_for_booleans_are_texts(template: Template) -> None:
    assert _at(template, "State").rules.initial == "Off"


def test_a_type_is_put_in_where_it_is_named_and_what_is_said_there_goes_before(
    template: Template,
) -> None:
    here, there = _at(template, "Here"), _at(template, "There")
    assert str(here.cardinality) == "ZeroToOne"
    assert str(there.cardinality) == "OneToMany"
    assert here.node["description"][0]["text"] == "Where it is."
    assert there.node["description"][0]["text"] == "Another place."
    assert here.rules.examples == there.rules.examples == ("Hall 2",)


def test_a_type_that_contains_itself_ends_with_a_prototype_that_goes_on(
    template: Template,
) -> None:
    parts = _at(template, "Casing.Parts")
    assert parts.children == ()
    weight = {"Weight": 2}
    values = {"Casing": {"Parts": {"Parts": {"Parts": weight}}}}
    made = Maker(template).make(Request("urn:x", Mode.MINIMAL, values=values))
    assert made.findings == []


def test_lists_say_what_their_items_are(template: Template) -> None:
    drives = _at(template, "Drives").node
    assert drives["typeValueListElement"] == "SubmodelElementCollection"
    assert drives["semanticIdListElement"] == _at(template, "Drives[0]").node["semanticId"]
    assert str(_at(template, "Drives[0]").cardinality) == "OneToMany"
    names = _at(template, "Names").node
    assert (names["typeValueListElement"], names["valueTypeListElement"]) == (
        "Property",
        "xs:string",
    )
    assert str(_at(template, "Names[0]").cardinality) == "ZeroToMany"
    marks = _at(template, "Marks").node
    assert (marks["orderRelevant"], marks["valueTypeListElement"]) == (False, "xs:dateTime")
    assert "value" not in marks


def test_own_concepts_are_described_by_the_scheme_and_others_are_not(
    environment: dict[str, Any],
) -> None:
    ids = {each["id"] for each in environment["conceptDescriptions"]}
    base = "https://example.com/smt/Pump"
    assert f"{base}/Drives/Drive/Power/1/0" in ids
    assert f"{base}/Pipe/Length/1/0" in ids
    assert "0173-1#02-AAA000#001" not in ids
    state = _content(environment, f"{base}/State/1/0")
    assert state["preferredName"] == [{"language": "en", "text": "State"}]
    assert state["dataType"] == "STRING"
    weight = _content(environment, f"{base}/Casing/Weight/1/0")
    assert (weight["unit"], weight["dataType"]) == ("kg", "REAL_MEASURE")
    pump = _content(environment, f"{base}/1/0")
    assert pump["definition"][1] == {"language": "de", "text": "Eine Pumpe."}


def test_a_fixed_value_is_initial_allowed_and_in_the_template(template: Template) -> None:
    kind = _at(template, "Kind")
    assert (kind.node["value"], kind.rules.initial) == ("centrifugal", "centrifugal")
    made = Maker(template).make(Request("urn:x"))
    (element,) = (e for e in made.submodel["submodelElements"] if e["idShort"] == "Kind")
    assert element["value"] == "centrifugal"


def test_the_same_source_gives_the_same_bytes(
    compile_text: Callable[[str], dict[str, Any]],
) -> None:
    assert to_text(compile_text(_EVERYTHING)) == to_text(compile_text(_EVERYTHING))


@pytest.mark.parametrize("mode", list(Mode))
def test_instances_of_what_was_compiled_verify(template: Template, mode: Mode) -> None:
    made = Maker(template).make(Request("urn:x", mode))
    assert _findings(made.environment()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  A: {typ: string}\n", "8: unknown key 'typ', did you mean 'type'?"),
        ("  A: {type: strin}\n", "8: there is no type 'strin', did you mean 'string'?"),
        ("  A: {text: x}\n", "8: it does not say what it is"),
        ("  A: {type: string}\n", "8: A: a concept of your own needs a definition"),
        ("  A: {type: string, text: x, card: two}\n", "8: card: 'two' is none of 1, ?, *, +"),
        ("  A: {type: double, text: x, range: '[5,1]'}\n", "8: range: '[5,1]' holds no number"),
        ("  A: {type: string, text: x, range: '[1,5]'}\n", "8: range: there are no numbers"),
        ("  A: {type: texts, text: x, initial: y}\n", "8: initial: a MultiLanguageProperty has no"),
        ("  A: {type: int, text: x, initial: y}\n", "8: initial: 'y' is no int"),
        ("  A: {type: int, text: x, values: [1, b]}\n", "8: values: 'b' is no int"),
        ("  A: {type: string, text: x, pattern: '('}\n", "8: pattern: '(' is no regular"),
        (
            "  A: {type: string, text: x, list: string}\n",
            "8: 'string' does not go with its",
        ),
        ("  A: {type: string, text: x, either: a b}\n", "8: either: the name of a class"),
        ("  A: {type: file, text: x, contentType: pdf}\n", "8: contentType: must match"),
        ("  A: {type: string, text: '  '}\n", "8: en: must not be empty"),
        ('  A: {type: string, text: "\\x07"}\n', "8: en: has characters that no text has"),
        ("  A: {type: string, text: x, concept: a b}\n", "8: concept: 'a b' is no idShort"),
        ("  A: {type: string, text: x, arbitrary: 1}\n", "8: arbitrary: must be true or false"),
        ("  1A: {type: string, text: x}\n", "'1A' is no idShort"),
        ("  A: {type: string, text: x}\n  A: {type: int}\n", "9: the key 'A' is given twice"),
        ("  A: {collection: {B: {tpye: int}}}\n", "8: unknown key 'tpye', did you mean 'type'?"),
        ("  A: {list: {tpye: int}}\n", "8: unknown key 'tpye', did you mean 'type'?"),
        (
            "  A: {type: string, text: x, id: 'https://example.com/smt/Pump/B/1/0'}\n  B: int\n",
            "9: https://example.com/smt/Pump/B/1/0 stands for two different concepts",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    text: str, message: str, compile_text: Callable[[str], dict[str, Any]], tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        compile_text(f"{_HEAD}elements:\n{text}")
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'pump.yaml'}:")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("template: Pump", "template: 2 pumps", "1: template: '2 pumps' is no idShort"),
        ('version: "1.2"', "version: 1.2", "3: version: must be a text"),
        ('version: "1.2"', 'version: "one"', "3: version: must be version and revision"),
        ("{path}/1/0", "1/0", "6: concepts: must have {name} or {path}"),
        (
            "concepts: https://example.com/smt/Pump/{path}/1/0",
            'concepts: "{name}"',
            "6: concepts: must begin with what all ids",
        ),
        ("id: https", "idd: https", "2: unknown key 'idd', did you mean 'id'?"),
    ],
)
def test_what_is_wrong_at_the_top_is_told(
    old: str, new: str, message: str, compile_text: Callable[[str], dict[str, Any]]
) -> None:
    with pytest.raises(ConfigurationError, match=r"pump\.yaml:") as caught:
        compile_text(_HEAD.replace(old, new, 1) + "elements: {A: {type: int, text: x}}\n")
    assert message in str(caught.value)


def test_the_example_of_the_documentation_compiles(
    compile_text: Callable[[str], dict[str, Any]], project_dir: Path
) -> None:
    page = (project_dir / "docs" / "templates.md").read_text(encoding="utf-8")
    text = page.partition("## Authoring")[2].partition("```yaml\n")[2].partition("```")[0]
    environment = compile_text(text)
    assert environment["submodels"][0]["idShort"] == "Pump"
    assert _findings(environment) == []


def test_a_circle_of_types_is_told(compile_text: Callable[[str], dict[str, Any]]) -> None:
    types = "types:\n  T: {type: U}\n  U: {type: T}\nelements: {A: T}\n"
    with pytest.raises(ConfigurationError, match="a type cannot be made of itself: T -> U -> T"):
        compile_text(_HEAD + types)


def test_types_that_grow_without_end_are_told(
    compile_text: Callable[[str], dict[str, Any]],
) -> None:
    doubling = "".join(
        f"  T{n}: {{text: x, collection: {{A: T{n + 1}, B: T{n + 1}}}}}\n" for n in range(30)
    )
    text = f"{_HEAD}types:\n{doubling}  T30: {{type: int, text: x}}\nelements: {{A: T0}}\n"
    with pytest.raises(ConfigurationError, match="more than 50000 elements"):
        compile_text(text)


def test_types_that_are_nested_too_deep_are_told(
    compile_text: Callable[[str], dict[str, Any]],
) -> None:
    nested = "".join(f"  T{n}: {{text: x, collection: {{A: T{n + 1}}}}}\n" for n in range(2000))
    chained = "".join(f"  T{n}: {{type: T{n + 1}}}\n" for n in range(2000))
    for types in (nested, chained):
        text = f"{_HEAD}types:\n{types}  T2000: {{type: int, text: x}}\nelements: {{A: T0}}\n"
        with pytest.raises(ConfigurationError, match="more than 48 levels deep"):
            compile_text(text)


@pytest.mark.parametrize("text", ["", "[]", "3", "elements:", "\x00", "a: *b", "{", "- a\n- b"])
def test_what_is_no_template_at_all_is_told(
    text: str, compile_text: Callable[[str], dict[str, Any]]
) -> None:
    with pytest.raises(ConfigurationError, match=r"pump\.yaml:\d: "):
        compile_text(text)


def test_all_problems_are_told_at_once(compile_text: Callable[[str], dict[str, Any]]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        compile_text(f"{_HEAD}elements:\n  A: {{typ: int}}\n  B: {{tex: y}}\n")
    assert len(str(caught.value).splitlines()) == 2
