from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.errors import BadRequest
from aas_server.operations.arguments import (
    WrongArguments,
    WrongOutputs,
    read_arguments,
    read_outputs,
)
from aas_server.operations.executor import OperationOutcome
from tests.operations.documents import MIX, START_JOB, STOP, prop, variables

GOOD = {
    "inputArguments": variables(prop("Program", "xs:string", "P1")),
    "inoutputArguments": variables(prop("Counter", "xs:int", "007")),
}


def problems(body: Any, *, operation: Any = START_JOB, value_only: bool = False) -> dict[str, str]:
    with pytest.raises(WrongArguments) as caught:
        read_arguments(operation, body, value_only=value_only)
    return {finding.path: finding.text for finding in caught.value.findings}


def with_inputs(*elements: dict[str, Any]) -> dict[str, Any]:
    return {**GOOD, "inputArguments": variables(*elements)}


def test_what_is_not_given_takes_the_declared_default_and_optional_ones_stay_out() -> None:
    arguments = read_arguments(START_JOB, GOOD, value_only=False)
    assert {name: each.get("value") for name, each in arguments.inputs.items()} == {
        "Program": "P1",
        "Quantity": "1",
    }
    assert arguments.inoutputs["Counter"]["value"] == "007"
    assert arguments.timeout is None


def test_arguments_come_in_the_order_of_the_variables_whatever_the_client_sends() -> None:
    body = with_inputs(
        prop("Speed", "xs:double", "1.50"),
        prop("Quantity", "xs:unsignedInt", "3"),
        prop("Program", "xs:string", "P1"),
    )
    arguments = read_arguments(START_JOB, body, value_only=False)
    assert list(arguments.inputs) == ["Program", "Quantity", "Speed"]
    assert arguments.inputs["Speed"]["value"] == "1.50"


def test_an_argument_needs_its_name_and_value_only_for_the_rest_is_declared() -> None:
    body = with_inputs({"idShort": "Program", "modelType": "Property", "value": "P1"})
    assert read_arguments(START_JOB, body, value_only=False).inputs["Program"] == prop(
        "Program", "xs:string", "P1"
    )


def test_every_wrong_argument_is_told_with_its_place() -> None:
    body = {
        "inputArguments": variables(
            prop("Program", "xs:int", "5"),
            prop("Quantity", "xs:unsignedInt", "-1"),
            prop("Pace", "xs:double", "1"),
        ),
        "inoutputArguments": [{"value": 5}],
        "clientTimeoutDuration": "soon",
    }
    found = problems(body)
    assert "'xs:string'" in found["inputArguments[0].value.valueType"]
    assert "inputArguments[1].value.value" in found or "inputArguments[1].value" in found
    assert "Program, Quantity, Speed" in found["inputArguments[2].value.idShort"]
    assert "inoutputArguments[0].value" in found
    assert "'Counter' (xs:int) is missing" in found["inoutputArguments"]
    assert "PT30S" in found["clientTimeoutDuration"]


@pytest.mark.parametrize(
    ("inputs", "place"),
    [
        ([{"value": {"modelType": "Property"}}], "inputArguments[0].value.idShort"),
        (variables(prop("Program", "xs:string", "a"), prop("Program", "xs:string", "b")),
         "inputArguments[1].value.idShort"),
        (variables({"modelType": "Range", "idShort": "Program", "valueType": "xs:int"}),
         "inputArguments[0].value.modelType"),
        (variables(prop("Program", "xs:string")), "inputArguments[0].value.value"),
        ("P1", "inputArguments"),
        ([None], "inputArguments[0].value"),
        ([], "inputArguments"),
    ],
)  # fmt: skip
def test_an_argument_of_a_wrong_form_is_refused(inputs: Any, place: str) -> None:
    assert place in problems({**GOOD, "inputArguments": inputs})


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
_NAMES = st.sampled_from(
    ["inputArguments", "value", "idShort", "modelType", "valueType", "Recipe", "Steps", "Window",
     "Title", "Name", "Property", "SubmodelElementList", "SubmodelElementCollection", "Range"]
)  # fmt: skip
_JSON = st.recursive(
    _SCALARS | _NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize("value_only", [True, False])
@given(inputs=_JSON, inoutputs=_JSON, timeout=_JSON)
def test_whatever_is_sent_is_taken_or_refused(
    value_only: bool, inputs: Any, inoutputs: Any, timeout: Any
) -> None:
    body = {
        "inputArguments": inputs,
        "inoutputArguments": inoutputs,
        "clientTimeoutDuration": timeout,
    }
    with contextlib.suppress(BadRequest):
        read_arguments(MIX, body, value_only=value_only)


@given(element=_JSON, name=st.sampled_from(["Recipe", "Steps", "Window", "Title"]))
def test_whatever_an_argument_looks_like_it_is_taken_or_refused(element: Any, name: str) -> None:
    given_element = {**element, "idShort": name} if isinstance(element, dict) else element
    with contextlib.suppress(BadRequest):
        read_arguments(MIX, {"inputArguments": [{"value": given_element}]}, value_only=False)


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(BadRequest, match="body"):
        read_arguments(START_JOB, body, value_only=False)


def test_an_operation_without_variables_takes_an_empty_request() -> None:
    assert read_arguments(STOP, {}, value_only=False).inputs == {}
    assert read_arguments(STOP, {}, value_only=True).inoutputs == {}


def test_values_become_elements_as_declared() -> None:
    body = {
        "inputArguments": {
            "Recipe": {"Name": "Cap"},
            "Steps": [1, 2, 3],
            "Window": {"min": 1, "max": 5},
            "Title": [{"en": "Cap"}],
        },
        "clientTimeoutDuration": "PT0.5S",
    }
    arguments = read_arguments(MIX, body, value_only=True)
    recipe, steps = arguments.inputs["Recipe"], arguments.inputs["Steps"]
    assert recipe["value"] == [
        prop("Name", "xs:string", "Cap"),
        prop("Temperature", "xs:double", "20.50"),
    ]
    assert [step["value"] for step in steps["value"]] == ["1", "2", "3"]
    assert {step["valueType"] for step in steps["value"]} == {"xs:int"}
    assert arguments.inputs["Window"]["max"] == "5"
    assert arguments.inputs["Title"]["value"] == [{"language": "en", "text": "Cap"}]
    assert arguments.timeout == 0.5


def test_a_wrong_value_is_told_with_its_place_inside_the_argument() -> None:
    found = problems(
        {"inputArguments": {"Recipe": {"Name": "Cap", "Temperature": "hot"}, "Steps": [1, "x"],
                            "Window": 5, "Title": [{"en": "Cap"}], "Recipes": 1}},
        operation=MIX,
        value_only=True,
    )  # fmt: skip
    assert "inputArguments.Recipe.Temperature" in found
    assert "inputArguments.Steps[1]" in found
    assert "inputArguments.Window" in found
    assert "inputArguments.Recipes" in found


def test_elements_inside_a_collection_are_checked_against_those_declared() -> None:
    recipe = {
        "modelType": "SubmodelElementCollection",
        "idShort": "Recipe",
        "value": [prop("Name", "xs:int", "5"), prop("Colour", "xs:string", "red")],
    }
    found = problems({"inputArguments": variables(recipe)}, operation=MIX)
    assert "inputArguments[0].value.value[0].valueType" in found
    assert "Name, Temperature" in found["inputArguments[0].value.value[1].idShort"]


def test_outputs_are_completed_by_their_defaults_and_inoutputs_by_what_came_in() -> None:
    came_in = {"Counter": prop("Counter", "xs:int", "7")}
    outputs, inoutputs = read_outputs(
        START_JOB, OperationOutcome(values={"JobNumber": 12}), came_in
    )
    assert [(each["idShort"], each["value"]) for each in outputs] == [
        ("JobNumber", "12"),
        ("Remark", "started"),
    ]
    assert inoutputs == [came_in["Counter"]]


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (OperationOutcome(), "JobNumber: the output is missing"),
        (OperationOutcome(values={"JobNumber": "x"}), "JobNumber"),
        (OperationOutcome(values={"JobNumber": 1, "Job": 1}), "no output 'Job'"),
        (OperationOutcome(elements={"JobNumber": prop("JobNumber", "xs:int", "1")}), "valueType"),
    ],
)
def test_wrong_outputs_are_told(outcome: OperationOutcome, told: str) -> None:
    with pytest.raises(WrongOutputs, match=told):
        read_outputs(START_JOB, outcome, {})
