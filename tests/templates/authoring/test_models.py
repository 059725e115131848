"""Templates written as pydantic models."""

from __future__ import annotations

import datetime
import enum
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

import aas_core3_1.jsonization as aas_json
import aas_core3_1.verification as aas_verification
import pytest
from pydantic import AnyUrl, BaseModel, Field

from aas_server.errors import ConfigurationError
from aas_server.templates.authoring.marks import (
    AllowedRange,
    AllowedValue,
    Cardinality,
    Example,
    Kind,
    Languages,
    Name,
    Rules,
    SemanticId,
    TemplateOf,
    Text,
    Unit,
)
from aas_server.templates.authoring.models import compile_model
from aas_server.templates.prototype import Prototype, Template
from aas_server.templates.reading import template_of

_BASE = "https://example.com/smt/Pump"


class State(enum.Enum):
    OFF = "Off"
    ON = "On"


class Drive(BaseModel):
    """A motor that turns the pump."""

    power: Annotated[float, Unit("kW"), Text("Its power.", "Seine Leistung.")]
    spares: Annotated[list[Drive], Cardinality("?"), Text("Drives in reserve.")]


class Pump(BaseModel):
    """A pump in operation."""

    template: ClassVar = TemplateOf(f"{_BASE}/1/0", concepts=f"{_BASE}/{{path}}/1/0")

    speed: Annotated[
        float | None,
        Unit("1/min"),
        SemanticId("0173-1#02-AAA000#001", also=("0112/2///61987#ABA000#001",)),
        AllowedRange("[0,3000]"),
        Name("Speed", "Drehzahl"),
        Text("Speed of the shaft.", "Drehzahl der Welle."),
        Example(1450),
    ]
    state: Annotated[State, Text("What it does.")]
    level: Annotated[Literal["low", "high"], Text("How full it is.")]
    code: Annotated[str, AllowedValue(pattern="^[A-Z]+$"), Text("Its code.")]
    size: Annotated[int, AllowedValue(1, 2, 3), Text("Its size.")]
    running: bool = Field(description="Whether it runs.")
    since: datetime.datetime = Field(description="Since when.", alias="RunningSince")
    built: datetime.date = Field(description="When it was built.")
    price: Decimal = Field(description="What it costs.")
    cycle: datetime.timedelta = Field(description="How long a cycle takes.")
    site: AnyUrl = Field(description="Its page in the web.")
    remark: Annotated[dict[str, str], Languages("en"), Text("What is said.")]
    pressure: Annotated[Any, Kind("range of double"), Text("Its pressure.")]
    drive: Drive
    tags: Annotated[list[Annotated[str, Text("A tag.")]], Text("Tags.")]
    secret: Annotated[str, Rules({"access": "ReadOnly", "card": "?"}), Text("Not for all.")]


@pytest.fixture(scope="module")
def environment() -> dict[str, Any]:
    return compile_model(Pump)


@pytest.fixture(scope="module")
def template(environment: dict[str, Any]) -> Template:
    return template_of(environment["submodels"][0], {}, source="test")


def _at(template: Template, path: str) -> Prototype:
    (found,) = (each for each in template.walk() if each.path == path)
    return found


def test_a_model_compiles_to_what_verifies(environment: dict[str, Any]) -> None:
    read = aas_json.environment_from_jsonable(environment)
    assert list(aas_verification.verify(read)) == []
    (submodel,) = environment["submodels"]
    assert (submodel["idShort"], submodel["kind"]) == ("Pump", "Template")
    assert submodel["description"] == [{"language": "en", "text": "A pump in operation."}]


@pytest.mark.parametrize(
    ("path", "value_type", "card"),
    [
        ("Speed", "xs:double", "ZeroToOne"),
        ("State", "xs:string", "One"),
        ("Size", "xs:long", "One"),
        ("Running", "xs:boolean", "One"),
        ("RunningSince", "xs:dateTime", "One"),
        ("Built", "xs:date", "One"),
        ("Price", "xs:decimal", "One"),
        ("Cycle", "xs:duration", "One"),
        ("Site", "xs:anyURI", "One"),
        ("Pressure", "xs:double", "One"),
        ("Drive.Power", "xs:double", "One"),
        ("Tags[0]", "xs:string", "ZeroToMany"),
        ("Secret", "xs:string", "ZeroToOne"),
    ],
)
def test_types_say_value_type_and_cardinality(
    template: Template, path: str, value_type: str, card: str
) -> None:
    prototype = _at(template, path)
    assert (prototype.node["valueType"], str(prototype.cardinality)) == (value_type, card)


def test_marks_say_the_rest(template: Template, environment: dict[str, Any]) -> None:
    speed = _at(template, "Speed")
    assert speed.ids == {"0173-1#02-AAA000#001"}
    assert speed.supplemental == {"0112/2///61987#ABA000#001"}
    assert speed.rules.allowed_range is not None
    assert speed.rules.examples == ("1450",)
    assert [each["text"] for each in speed.node["displayName"]] == ["Speed", "Drehzahl"]
    assert str(_at(template, "State").rules.allowed_values) == "/^(Off|On)$/"
    assert str(_at(template, "Level").rules.allowed_values) == "/^(low|high)$/"
    assert str(_at(template, "Size").rules.allowed_values) == "/^(1|2|3)$/"
    assert _at(template, "Remark").model_type == "MultiLanguageProperty"
    assert _at(template, "Remark").rules.languages == ("en",)
    assert _at(template, "Pressure").model_type == "Range"
    assert _at(template, "Secret").rules.access_mode == "ReadOnly"
    units = {
        each["idShort"]: each["embeddedDataSpecifications"][0]["dataSpecificationContent"].get(
            "unit"
        )
        for each in environment["conceptDescriptions"]
    }
    assert units["Power"] == "kW"


def test_nested_models_are_collections_and_one_in_itself_is_a_prototype(
    template: Template,
) -> None:
    assert _at(template, "Drive").model_type == "SubmodelElementCollection"
    spares = _at(template, "Drive.Spares")
    assert (spares.model_type, str(spares.cardinality)) == ("SubmodelElementList", "ZeroToOne")
    assert _at(template, "Drive.Spares[0]").children == ()


def test_a_model_without_its_template_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Drive: has no class variable template"):
        compile_model(Drive)


def test_a_type_that_no_template_has_is_refused() -> None:
    class Odd(BaseModel):
        template: ClassVar = TemplateOf("urn:x/1/0")
        value: complex

    with pytest.raises(ConfigurationError, match=r"Odd\.value: .*complex.* is no type"):
        compile_model(Odd)


def test_what_is_wrong_with_a_field_is_told() -> None:
    class Wrong(BaseModel):
        """Something."""

        template: ClassVar = TemplateOf("urn:x/1/0")
        value: Annotated[str, AllowedRange("[1,2]")]

    with pytest.raises(ConfigurationError, match=r"Wrong: Value\.range: range: there are no"):
        compile_model(Wrong)
