"""Requests that are sound but for one thing, which has to be refused and named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Final

from tests.clients.documents import (
    CONCEPT,
    SHELL,
    SUBMODEL,
    Node,
    collection,
    concept_description,
    everything,
    prop,
    shell,
    submodel,
)
from tests.fuzz.bodies import (
    DEEP,
    FORM_TYPE,
    JSON_TYPE,
    NO_FORM,
    NO_JSON,
    Place,
    duplicated,
    field,
    file,
    form,
    places,
    removed,
    replaced,
)
from tests.fuzz.values import MALFORMED, encoded
from tests.fuzz.wire import Request
from tests.fuzz.world import (
    BASE_PATH,
    SAMPLES,
    SOUND,
    Operation,
    shell_descriptor,
    submodel_descriptor,
)

_SUBMODEL: Final = f"{BASE_PATH}/submodels/{encoded(SUBMODEL)}"
_REQUIRED: Final = frozenset(
    {"assetInformation", "type", "keys", "observed", "direction", "state"}
    | {"typeValueListElement", "valueType", "interface", "href", "protocolInformation"}
)
_ENUMERATIONS: Final = frozenset(
    {"assetKind", "type", "valueType", "direction", "state", "entityType"}
    | {"typeValueListElement", "valueTypeListElement", "modelType"}
)
_FORM_NAMES: Final = ("body", "content-type", "file")
_MODIFIERS: Final = frozenset({"level", "extent"})


def flawed(operations: Sequence[Operation]) -> Iterator[Request]:
    """Yield requests none of which may change anything."""
    for operation in operations:
        if not _is_copied_by_mistake(operation):
            yield from _parameters(operation)
            yield from _bodies(operation)
    yield from _documents()
    yield from _values()


def _is_copied_by_mistake(operation: Operation) -> bool:
    """The draft of 3.2 declares writes to a signature, which nobody can carry out."""
    return operation.path.endswith("/$signed") and operation.method != "GET"


def _parameters(operation: Operation) -> Iterator[Request]:
    for name in operation.path_parameters:
        for value in MALFORMED[name]:
            yield _request(operation, path={name: value}, note=name, names=(name, "path"))
    for name in operation.query_parameters:
        if name in _MODIFIERS and operation.method != "GET":
            continue
        for value in MALFORMED.get(name, ()):
            yield _request(operation, query=f"{name}={value}", note=name, names=(name, "query"))


def _bodies(operation: Operation) -> Iterator[Request]:
    if operation.schema is None:
        return
    if operation.is_form:
        for content_type, body in NO_FORM:
            yield _request(
                operation, body=body, content_type=content_type, note="form", names=_FORM_NAMES
            )
        return
    for body in NO_JSON:
        yield _request(operation, body=body, note="JSON", names=("body",))
    for media_type in ("text/plain", "application/xml; charset=x"):
        yield _request(operation, content_type=media_type, note="content type", names=("body",))
    if not operation.schema.endswith("Value"):
        # What is a list goes to a job of its own, whose result says that its items are no good.
        lists = () if operation.path.startswith("/bulk") else (b"[[]]", b'[{"x": 1}]')
        for body in (b"1", b'"x"', b"null", *lists):
            yield _request(operation, body=body, note="another kind of body")


def _request(
    operation: Operation,
    *,
    path: dict[str, str] | None = None,
    query: str = "",
    body: bytes | None = None,
    content_type: str | None = None,
    note: str,
    names: tuple[str, ...] = (),
) -> Request:
    target = operation.path
    for name in operation.path_parameters:
        target = target.replace(f"{{{name}}}", (path or {}).get(name, SOUND[name][0]))
    headers: tuple[tuple[str, str], ...] = ()
    if operation.schema is not None:
        sound_type, sound_body = _sound(operation)
        headers = (("Content-Type", content_type or sound_type),)
        body = sound_body if body is None else body
    target = f"{BASE_PATH}{target}{'?' if query else ''}{query}"
    return Request(operation.method, target, headers, body or b"", note, names)


def _sound(operation: Operation) -> tuple[str, bytes]:
    if operation.is_form:
        return FORM_TYPE[1], form(field("fileName", b"a.txt"), file(operation.form_file))
    return JSON_TYPE[1], json.dumps(SAMPLES[operation.schema or ""](Random(0))).encode()


def _documents() -> Iterator[Request]:
    """Documents that are wrong in one member, each sent to where it would replace a sound one."""
    for path, document in _ROOTS:
        target = BASE_PATH + path
        for place in places(document):
            for note, broken in _broken(document, place):
                yield _put(target, broken, note, names=place.names)
        for name in document:
            yield _put(target, duplicated(document, name), f"{name} twice", names=(name,))
        if "modelType" in document:
            yield _put(target, document | {"colour": "red"}, "unknown member", names=("colour",))
        yield _put(target, document | {"id": "urn:another"}, "another id", names=("id",))
    yield from _constraints()


_ROOTS: Final = (
    (f"/shells/{encoded(SHELL)}", shell(submodels=(SUBMODEL,))),
    (f"/submodels/{encoded(SUBMODEL)}", everything()),
    (f"/concept-descriptions/{encoded(CONCEPT)}", concept_description()),
    (f"/shell-descriptors/{encoded(shell_descriptor()['id'])}", shell_descriptor()),
    (f"/submodel-descriptors/{encoded(submodel_descriptor()['id'])}", submodel_descriptor()),
)


def _broken(document: Node, place: Place) -> Iterator[tuple[str, Any]]:
    yield "a number", replaced(document, place, lambda _: 12345)
    yield (
        "another kind",
        replaced(document, place, lambda old: "text" if isinstance(old, list | dict) else [old]),
    )
    name = place.path[-1]
    # Empty lists are left out, and a value may be an empty text.
    if "modelType" in document and name != "value":
        yield "an empty object", replaced(document, place, lambda _: {})
    if name in _REQUIRED:
        yield "missing", removed(document, place)
    if name in _ENUMERATIONS:
        yield "no such member", replaced(document, place, lambda _: "Robot")


def _constraints() -> Iterator[Request]:
    doubled = [prop("Twice", "1"), prop("Twice", "2")]
    for note, element in (
        ("no int", prop("Wrong", "x", "xs:int")),
        ("no idShort", prop(None, "x")),
        ("idShort", prop("not good", "x")),
        ("same idShort", collection("Pair", *doubled)),
    ):
        yield _put(_SUBMODEL, submodel(SUBMODEL, element), note, names=("submodelElements",))
        post = json.dumps(element).encode()
        yield Request("POST", f"{_SUBMODEL}/submodel-elements", (JSON_TYPE,), post, note)
    yield _put(_SUBMODEL, _nested(), f"{DEEP} levels")


def _nested() -> bytes:
    head, _, _ = json.dumps(submodel(SUBMODEL, prop("x", "y"))).partition('"submodelElements"')
    opened = '{"modelType":"SubmodelElementCollection","idShort":"Level","value":['
    text = opened * DEEP + '{"modelType":"Capability","idShort":"End"}' + "]}" * DEEP
    return f'{head}"submodelElements":[{text}]}}'.encode()


def _put(target: str, document: Any, note: str, *, names: tuple[str, ...] = ()) -> Request:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Request("PUT", target, (JSON_TYPE,), body, note, names)


def _values() -> Iterator[Request]:
    """Values that are not what the element takes, alone and inside of the submodel's."""
    for path, values in _NO_VALUES.items():
        for value in values:
            body = json.dumps(value).encode()
            target = f"{_SUBMODEL}/submodel-elements/{path}/$value"
            yield Request("PATCH", target, (JSON_TYPE,), body, "value", (path,))
    for name, value in (("Nobody", 1), ("Count", "x"), ("Tool", {"Serial": "a", "Nobody": 1})):
        body = json.dumps({"Stroke": 99.5, name: value}).encode()
        yield Request("PATCH", f"{_SUBMODEL}/$value", (JSON_TYPE,), body, "one of two", (name,))


_NO_VALUES: Final[dict[str, Sequence[Any]]] = {
    "Stroke": ("high", True, None, [], {}, [1.0], "1,5", {"value": 1}),
    "Count": (1.5, "x", True, None, 2**31, -(2**31) - 1, 10**40, "1.0", []),
    "Running": ("yes", 2, None, [], "True"),
    "Since": (5, "yesterday", "2026-13-01T00:00:00Z", None, True),
    "Name": ("Press", 5, [{"en": 1}], [{"en": "a", "de": "b"}, 5], {"en": None}, None),
    "Force": (5, {"min": "x"}, {"min": True}, {"low": 1}, [1, 2], None),
    "Manual": ("x", {"contentType": 5}, 7, {"value": []}, [], None),
    "Recipe": ("x", {"contentType": "text/plain", "value": "***"}, 7, [], None),
    "Vendor": ("x", {"keys": 5}, 7, [], None),
    "Drives": ("x", {"first": "x"}, 7, [], None),
    "Ram": ("x", 7, [], {"entityType": "Robot"}, {"statements": {"Mass": "x"}}, None),
    "Stopped": ("x", 7, [], {"observed": 1}, None),
    "Tool": ("x", 7, [], {"Nobody": 1}, {"Wear": {"Nobody": 1}}, {"Serial": 5}, None),
    "Stops": ("x", 7, {"0": 1}, ["x"], list(range(13)), [1, "x"], None),
    "Grid": ([["a", 1]], [["a", "b", "c"]], "x", None),
    "Pressing": (1, {}, None),
    "Home": (1, {}, None),
}
