"""Arguments of Operations: checked by name and type against the variables that are declared.

IDTA-01002, OperationRequest and OperationResult; IDTA-01001, Operation (AASd-134).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from isoduration import parse_duration  # type: ignore[import-untyped]

from aas_server.errors import AasError, BadRequest, Finding, InvalidDocument
from aas_server.metamodel.tree import Node, child, children
from aas_server.metamodel.value_writing import patched
from aas_server.metamodel.verification import verify
from aas_server.metamodel.views import has_value, metadata
from aas_server.operations.executor import OperationOutcome

_INPUTS: Final = "inputArguments"
_INOUTPUTS: Final = "inoutputArguments"
_LONGEST_DURATION: Final = 100
_OPTIONAL: Final = frozenset({"ZeroToOne", "ZeroToMany"})
_CARDINALITIES: Final = frozenset({"Cardinality", "SMT/Cardinality", "Multiplicity"})


class WrongArguments(InvalidDocument):
    """Arguments that do not fit the variables of the Operation; each finding names its place."""

    code = "WrongArguments"


class WrongOutputs(AasError):
    """What carried out the Operation gave back something else than the variables say."""

    code = "WrongOutputs"


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one request, complete, as elements in the normal form by idShort.

    ``timeout`` is in seconds; None when the client named none.
    """

    inputs: dict[str, Node]
    inoutputs: dict[str, Node]
    timeout: float | None


def variables(operation: Node, attribute: str) -> dict[str, Node]:
    """Return the elements of ``inputVariables``, ``inoutputVariables`` or ``outputVariables`` by
    their idShorts.
    """
    declared = operation.get(attribute)
    elements = [
        each.get("value")
        for each in (declared if isinstance(declared, list) else ())
        if isinstance(each, dict)
    ]
    return {
        element["idShort"]: element
        for element in elements
        if isinstance(element, dict) and isinstance(element.get("idShort"), str)
    }


def qualifiers(element: Node) -> Iterator[Node]:
    """Yield the qualifiers of an Operation or of one of its variables."""
    declared = element.get("qualifiers")
    yield from (
        each for each in (declared if isinstance(declared, list) else ()) if isinstance(each, dict)
    )


def read_arguments(operation: Node, body: Any, *, value_only: bool) -> Arguments:
    """Return the arguments in ``body``, an OperationRequest or an OperationRequestValueOnly.

    Variables that are not given take their default: the value that the Operation declares. Raises
    ``WrongArguments`` with everything that is wrong, ``BadRequest`` for a body of another form.
    """
    if not isinstance(body, dict):
        raise BadRequest("must be an object with inputArguments", path="body")
    findings: list[Finding] = []
    taken = {}
    for attribute, declared in (
        (_INPUTS, variables(operation, "inputVariables")),
        (_INOUTPUTS, variables(operation, "inoutputVariables")),
    ):
        given = _by_name(body.get(attribute), attribute, findings, value_only=value_only)
        taken[attribute] = _taken(given, attribute, declared, findings, value_only=value_only)
    timeout = _timeout(body.get("clientTimeoutDuration"), findings)
    if findings:
        raise WrongArguments(findings)
    return Arguments(taken[_INPUTS], taken[_INOUTPUTS], timeout)


def read_outputs(
    operation: Node, outcome: OperationOutcome, inoutputs: Mapping[str, Node]
) -> tuple[list[Node], list[Node]]:
    """Return the output and the inoutput elements of ``outcome``, complete and in their order.

    ``inoutputs`` are the arguments that came in. Raises ``WrongOutputs``.
    """
    declared = variables(operation, "outputVariables")
    both = {**declared, **inoutputs}
    findings = [
        Finding("argument", name, f"the Operation has no output {name!r}")
        for name in {**outcome.values, **outcome.elements}
        if name not in both
    ]
    found: dict[str, Node] = {}
    for name, variable in both.items():
        try:
            if name in outcome.elements:
                found[name] = _element(variable, outcome.elements[name])
            elif outcome.values.get(name) is not None:
                found[name] = _element_of_value(variable, outcome.values[name])
            elif has_value(variable) or _is_optional(variable):
                found[name] = variable
            else:
                findings.append(Finding("argument", name, "the output is missing"))
        except BadRequest as error:
            findings += _findings(error, name)
    if findings:
        raise WrongOutputs("; ".join(f"{each.path}: {each.text}" for each in findings))
    return [found[name] for name in declared], [found[name] for name in inoutputs]


def _by_name(
    given: Any, attribute: str, findings: list[Finding], *, value_only: bool
) -> dict[str, tuple[str, Any]]:
    """Return each argument by its name with its place in the body."""
    if given is None:
        return {}
    if value_only:
        if not isinstance(given, dict):
            findings.append(_finding(attribute, "must be an object of idShorts and values"))
            return {}
        return {name: (f"{attribute}.{name}", value) for name, value in given.items()}
    if not isinstance(given, list):
        findings.append(_finding(attribute, "must be an array of OperationVariables"))
        return {}
    named: dict[str, tuple[str, Any]] = {}
    for index, variable in enumerate(given):
        place = f"{attribute}[{index}].value"
        element = variable.get("value") if isinstance(variable, dict) else None
        if not isinstance(element, dict):
            findings.append(_finding(place, "must be a submodel element"))
        elif not isinstance(name := element.get("idShort"), str):
            findings.append(_finding(f"{place}.idShort", "must name a variable of the Operation"))
        elif name in named:
            findings.append(_finding(f"{place}.idShort", f"{name!r} is given twice"))
        else:
            named[name] = place, element
    return named


def _taken(
    given: Mapping[str, tuple[str, Any]],
    attribute: str,
    declared: Mapping[str, Node],
    findings: list[Finding],
    *,
    value_only: bool,
) -> dict[str, Node]:
    """Return the argument for each of the ``declared`` variables that has one or a default."""
    read = _element_of_value if value_only else _element
    for name, (place, _) in given.items():
        if name not in declared:
            where = place if value_only else f"{place}.idShort"
            known = ", ".join(declared) or "none"
            findings.append(
                _finding(where, f"the Operation has no {attribute[:-1]} {name!r}: it has {known}")
            )
    taken: dict[str, Node] = {}
    for name, variable in declared.items():
        if name not in given:
            if has_value(variable):
                taken[name] = variable
            elif not _is_optional(variable):
                findings.append(
                    _finding(attribute, f"{name!r} ({_type(variable)}) is missing: no default")
                )
            continue
        place, argument = given[name]
        try:
            taken[name] = read(variable, argument)
        except BadRequest as error:
            findings += _findings(error, place, strip=name if value_only else None)
    return taken


def _element(variable: Node, given: Node) -> Node:
    """Return the variable with the value of the element ``given``; raises ``BadRequest``."""
    problems = list(_type_problems(variable, given, ""))
    if problems:
        raise InvalidDocument(problems)
    typed = {"modelType": variable["modelType"], **given}
    values = {name: typed[name] for name in typed.keys() - metadata(typed).keys()}
    element = {**metadata(variable), **values}
    # The name was declared: that old names are short is no fault of the caller.
    nameless = {name: value for name, value in element.items() if name != "idShort"}
    errors = [finding for finding in verify(nameless) if finding.is_error]
    if errors:
        raise InvalidDocument(errors)
    if not has_value(element) and not _is_optional(variable):
        if has_value(variable):
            return variable
        raise BadRequest("the value is missing, and the variable has no default", path="value")
    return element


def _type_problems(variable: Node, given: Node, place: str) -> Iterator[Finding]:
    """Yield where ``given`` is of another type than ``variable``, with everything inside both."""
    for attribute in ("modelType", "valueType", "typeValueListElement", "valueTypeListElement"):
        expected, found = variable.get(attribute), given.get(attribute)
        if expected is not None and found is not None and found != expected:
            where = f"{place}.{attribute}".lstrip(".")
            yield _finding(where, f"must be {expected!r}, not {found!r}")
    if variable.get("modelType") != "SubmodelElementCollection" or not children(variable):
        return
    elements = given.get("value")
    for index, element in enumerate(elements if isinstance(elements, list) else ()):
        where = f"{place}.value[{index}]".lstrip(".")
        name = element.get("idShort") if isinstance(element, dict) else None
        declared = child(variable, name) if isinstance(name, str) else None
        if declared is None:
            known = ", ".join(str(each.get("idShort")) for each in children(variable))
            yield _finding(f"{where}.idShort", f"there is no {name!r}: there is {known}")
        else:
            yield from _type_problems(declared, element, where)


def _element_of_value(variable: Node, value: Any) -> Node:
    """Return the variable with ``value``, its ValueOnly form; raises ``BadRequest``."""
    name = variable["idShort"]
    holder: Node = {"modelType": "SubmodelElementCollection", "value": [_fitted(variable, value)]}
    return children(patched(holder, (name,), value, live=()))[0]


def _fitted(variable: Node, value: Any) -> Node:
    """Return the variable with its lists as long as those in ``value``."""
    if isinstance(value, list) and variable.get("modelType") == "SubmodelElementList":
        items = children(variable)
        blank = _blank(items[0]) if items else _blank_item(variable)
        fitted = [_fitted(items[index] if index < len(items) else blank, each)
                  for index, each in enumerate(value)]  # fmt: skip
        return {**variable, "value": fitted}
    if isinstance(value, dict) and variable.get("modelType") == "SubmodelElementCollection":
        fitted = [_fitted(each, value.get(each.get("idShort", ""))) for each in children(variable)]
        return {**variable, "value": fitted} if fitted else variable
    return variable


def _blank(item: Node) -> Node:
    """Return ``item`` without its values, a collection with its elements."""
    blank = metadata(item)
    if item.get("modelType") == "SubmodelElementCollection" and children(item):
        return {**blank, "value": [_blank(each) for each in children(item)]}
    return blank


def _blank_item(variable: Node) -> Node:
    item = {"modelType": variable.get("typeValueListElement", "Property")}
    if "valueTypeListElement" in variable:
        item["valueType"] = variable["valueTypeListElement"]
    return item


def _is_optional(variable: Node) -> bool:
    return any(
        qualifier.get("type") in _CARDINALITIES and qualifier.get("value") in _OPTIONAL
        for qualifier in qualifiers(variable)
    )


def _timeout(duration: Any, findings: list[Finding]) -> float | None:
    """Return xs:duration in seconds, None for none; zero is how some clients spell that."""
    if duration is None:
        return None
    try:
        if not isinstance(duration, str) or len(duration) > _LONGEST_DURATION:
            raise ValueError("no text of a duration")
        seconds = _seconds(duration)
        if math.isnan(seconds) or seconds < 0:
            raise ValueError("no time that can pass")
    except (ArithmeticError, ValueError):
        findings.append(_finding("clientTimeoutDuration", "must be a duration such as PT30S"))
        return None
    return seconds or None


def _seconds(duration: str) -> float:
    """Return xs:duration in seconds; a year has 365 days here and a month 30."""
    parsed = parse_duration(duration)
    date, time = parsed.date, parsed.time
    days = date.years * 365 + date.months * 30 + date.weeks * 7 + date.days
    return float(((days * 24 + time.hours) * 60 + time.minutes) * 60 + time.seconds)


def _type(variable: Node) -> str:
    value_type: str = variable.get("valueType") or variable.get("modelType", "")
    return value_type


def _finding(path: str, text: str) -> Finding:
    return Finding("argument", path, text)


def _findings(error: BadRequest, place: str, *, strip: str | None = None) -> Iterable[Finding]:
    """Return what ``error`` says with ``place`` before its paths.

    ``strip`` is the variable's name where the paths begin with it and ``place`` ends with it.
    """
    found: Sequence[Finding] = (
        error.findings
        if isinstance(error, InvalidDocument)
        else (Finding("argument", error.path or "", error.text),)
    )
    for each in found:
        path = each.path
        if strip is not None and path.startswith(strip):
            path = path.removeprefix(strip)
        joined = place + path if path[:1] in ("", ".", "[") else f"{place}.{path}"
        yield Finding(each.code, joined, each.text)
