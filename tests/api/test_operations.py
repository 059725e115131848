"""The operation table against the published operations: equal but for what is listed here."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aas_server.api.handlers import handler_of
from aas_server.api.operations.operation import JSON, Operation, Right
from aas_server.api.operations.table import OPERATIONS

OURS = {(each.method, path): each for each in OPERATIONS for path in each.paths}


@dataclass(frozen=True)
class Difference:
    """In ``field`` the table has ``ours`` for the operation ``where``, and the texts ``theirs``."""

    field: str
    where: str
    theirs: Any
    ours: Any


@dataclass(frozen=True)
class Known:
    """Differences that are meant, and why; each of ``where`` (regular expressions) must exist."""

    reason: str
    field: str
    where: tuple[str, ...]
    theirs: Any = ...
    ours: Any = ...

    def covers(self, found: Difference, pattern: str) -> bool:
        return (
            found.field == self.field
            and re.fullmatch(pattern, found.where) is not None
            and self.theirs in (..., found.theirs)
            and self.ours in (..., found.ours)
        )


SUBMODEL = r"(/shells/{aasIdentifier}|/aas|)/submodels/{submodelIdentifier}|/submodel"
ELEMENT = r"/submodel-elements/{idShortPath}"
IDS = "https://admin-shell.io/aas/API/"

KNOWN = (
    Known(
        "the 3.2 draft declares the writes of a submodel a second time below $signed, with their "
        "ids and schemas: copied by mistake, what is signed cannot be written",
        "missing",
        tuple(
            rf"{method} /submodels/{{submodelIdentifier}}/\$signed"
            for method in ("PUT", "PATCH", "DELETE")
        ),
    ),
    Known(
        "the published path is misspelt: both spellings are served, everywhere",
        "extra",
        (
            rf"POST ({SUBMODEL}){ELEMENT}/invoke-asnyc",
            rf"POST ({SUBMODEL}){ELEMENT}/invoke-asnyc/\$value",
            rf"POST /aas/submodels/{{submodelIdentifier}}{ELEMENT}/invoke-async",
        ),
    ),
    Known(
        "text and diagrams of Part 2 write operation-result, its OpenAPI operation-results",
        "extra",
        (
            rf"GET ({SUBMODEL}){ELEMENT}/operation-result/{{handleId}}",
            rf"GET ({SUBMODEL}){ELEMENT}/operation-result/{{handleId}}/\$value",
        ),
    ),
    Known(
        "the text of Part 2 misspells the path",
        "extra",
        ("POST /query/submodel-decriptors",),
    ),
    Known("an extension that BaSyx and shellsmith use", "extra", ("POST /upload",)),
    Known(
        "submodel templates, an extension of ours in the manner of Part 2",
        "extra",
        (
            r"GET /templates(/{templateIdentifier}(/schema)?)?",
            r"POST /templates/({templateIdentifier}/)?\w+",
            r"GET /submodels/{submodelIdentifier}/\$validation",
        ),
    ),
    Known(
        "a letter is missing in the published id",
        "semantic ids",
        (r"GET /aas/\$reference",),
        theirs={f"{IDS}GetAssetAdministrationShel/3/1"},
        ours={f"{IDS}GetAssetAdministrationShell/3/1"},
    ),
    Known(
        "published with the id of another operation; the other homes have the right one",
        "semantic ids",
        (
            rf"PATCH /submodels/{{submodelIdentifier}}{ELEMENT}",
            rf"PATCH /submodel{ELEMENT}",
        ),
        theirs={f"{IDS}PatchSubmodelById/3/1"},
        ours={f"{IDS}PatchSubmodelElementByPath/3/1"},
    ),
    Known(
        "published with the id of the repository's operation; the Entire-API-Collection and the "
        "other forms of the same resource have the right one",
        "semantic ids",
        (r"GET /submodel/\$value", r"GET /submodel/\$path"),
        theirs={f"{IDS}GetSubmodelById/3/1"},
        ours={f"{IDS}GetSubmodel/3/1"},
    ),
    Known(
        "200 is deprecated since 3.1.1, a server answers with one of them",
        "success codes",
        ("DELETE (/shells/{aasIdentifier}|/aas)/asset-information/thumbnail",),
        theirs={"200", "204"},
        ours={"204"},
    ),
    Known(
        "204 has no body, whatever is published",
        "schema of 204",
        ("DELETE (/shells/{aasIdentifier}|/aas)/asset-information/thumbnail",),
        ours=None,
    ),
    Known(
        "what was created is the submodel (corrected in 3.1.3)",
        "schema of 201",
        ("PUT /shells/{aasIdentifier}/submodels/{submodelIdentifier}",),
        theirs="Reference",
        ours="Submodel",
    ),
    Known(
        "level is no matter of writing (text); it is accepted and ignored",
        "query",
        (
            rf"PATCH ({SUBMODEL})",
            r"PATCH /submodels/{submodelIdentifier}/\$metadata",
            rf"PATCH ({SUBMODEL})/\$value",
            r"PUT (/aas/submodels/{submodelIdentifier}|/submodel)",
            rf"PATCH ({SUBMODEL}){ELEMENT}",
            rf"PATCH ({SUBMODEL}){ELEMENT}/\$value",
            rf"PUT (/submodels/{{submodelIdentifier}}|/submodel){ELEMENT}",
        ),
        theirs={"-level"},
        ours=set(),
    ),
    Known(
        "level is deprecated for references since 3.1; core is accepted",
        "query",
        (
            r"GET (/aas/submodels/{submodelIdentifier}|/submodel)/\$reference",
            rf"GET ({SUBMODEL})/submodel-elements/\$reference",
            rf"GET (/shells.*|/submodel){ELEMENT}/\$reference",
        ),
        theirs={"-level"},
        ours=set(),
    ),
    Known(
        "extent is missing in the published document; it is accepted everywhere",
        "query",
        (
            r"GET /shells/.*/submodel-elements/\$value",
            rf"GET /aas/submodels/{{submodelIdentifier}}{ELEMENT}/\$value",
        ),
        theirs=set(),
        ours={"+extent"},
    ),
    Known(
        "paths have no bytes: extent says nothing",
        "query",
        (r"GET /shells/.*/submodel-elements/\$path",),
        theirs={"-extent"},
        ours=set(),
    ),
    Known(
        "lists can be asked for what is new (3.2 draft, and issues on it)",
        "query",
        (
            r"GET /shells(/\$reference)?",
            r"GET /submodels(/\$(metadata|value|path))?",
            "GET /concept-descriptions",
            "GET /submodel-descriptors",
        ),
        theirs=set(),
        ours={"+createdFrom", "+updatedFrom"},
    ),
    Known(
        "as the two above",
        "query",
        (r"GET /submodels/\$reference",),
        theirs={"-level"},
        ours={"+createdFrom", "+updatedFrom"},
    ),
    Known(
        "as above, and web UIs filter descriptors by asset (3.2 draft)",
        "query",
        ("GET /shell-descriptors",),
        theirs=set(),
        ours={"+createdFrom", "+updatedFrom", "+assetIds"},
    ),
    Known(
        "what goes elsewhere leaves the qualifiers of live values behind unless asked for, and may "
        "be of metamodel 3.0",
        "query",
        (r".*/serialization",),
        theirs=set(),
        ours={"+liveQualifiers", "+metamodel", "+lossy"},
    ),
    Known(
        "a query may be asked how it was answered",
        "query",
        (r"POST /query/.*",),
        theirs=set(),
        ours={"+explain"},
    ),
    Known(
        "clientTimeoutDuration is optional since 3.1.2: one schema for both ways to invoke",
        "body",
        (rf"POST ({SUBMODEL}){ELEMENT}/invoke-as(nyc|ync(/\$value)?)",),
    ),
    Known(
        "the published schema is written in place, ours has a name",
        "body",
        (r"(POST|PUT) /packages(/{packageId}|-async)?", r"PUT .*/(thumbnail|attachment)"),
    ),
    Known(
        "the published schema is written in place, ours has a name",
        "schema of 200",
        (
            r"GET /lookup/shells",
            r"POST /lookup/shellsByAssetLink",
            r"GET .*/(thumbnail|attachment)",
            r"GET /packages/{packageId}",
            r"GET /.*/\$signed",
        ),
    ),
    Known(
        "ids are strings with a length",
        "body",
        (r"DELETE /bulk/(shell|submodel)-descriptors",),
        theirs="string[]",
        ours="Identifier[]",
    ),
    Known(
        "the draft has four schemas, one of them that of another operation; "
        "all are id, createdAt and updatedAt",
        "schema of 200",
        (r"GET /.*/\$recent-changes",),
        ours="GetRecentChangesResult",
    ),
    Known(
        "ours names the package that an upload made, too",
        "schema of 200",
        (r"GET /packages-async/results/{handleId}",),
        ours="PackageResult",
    ),
)


@pytest.fixture(scope="module")
def published(shared_dir: Path) -> dict[tuple[str, str], list[dict]]:
    """Every published operation: 3.1.2, and of the 3.2 draft what is new."""
    found: dict[tuple[str, str], list[dict]] = {}
    for name in ("operations.json", "operations-3.2-draft.json"):
        before = set(found)
        for each in json.loads((shared_dir / "spec" / name).read_text())["operations"]:
            if (key := (each["method"], each["path"])) not in before:
                found.setdefault(key, []).append(each)
    return found


@pytest.fixture(scope="module")
def differences(published) -> list[Difference]:
    found = [
        Difference("missing", f"{method} {path}", True, False)
        for method, path in published.keys() - OURS.keys()
    ]
    found += [
        Difference("extra", f"{method} {path}", False, True)
        for method, path in OURS.keys() - published.keys()
    ]
    for key in published.keys() & OURS.keys():
        found += compared(" ".join(key), OURS[key], published[key])
    return found


def compared(where: str, ours: Operation, theirs: list[dict]) -> list[Difference]:
    """Compare one operation with what is published of it, once for each service that has it."""
    pairs = [
        ("services", {each["service"] for each in theirs}, {each.value for each in ours.services}),
        ("semantic ids", union(theirs, "semantic_id"), set(ours.semantic_ids)),
        ("profiles", union(theirs, "profiles"), set(ours.profile_ids)),
    ]
    codes = {str(answer.status) for answer in ours.answers}
    for each in theirs:
        pairs += [
            ("paged", each["paged"], ours.paged),
            ("content", each["content_modifier"], ours.content.value.strip("$")),
            ("success codes", set(each["success_codes"]), codes),
            ("body", published_body(each), ours.body and ours.body.schema),
        ]
        query = {parameter["name"] for parameter in each["query_params"]}
        pairs.append(
            (
                "query",
                {f"-{name}" for name in query - set(ours.query)},
                {f"+{name}" for name in set(ours.query) - query},
            )
        )
        for answer in ours.answers:
            content = each["success"].get(str(answer.status), {}).get("content", {})
            found = content.get(JSON) or next(iter(content.values()), None)
            pairs.append((f"schema of {answer.status}", found and named(found), answer.schema))
    return [Difference(field, where, a, b) for field, a, b in pairs if a != b]


def union(theirs: list[dict], field: str) -> set[str]:
    return {value for each in theirs for value in each[field]}


def published_body(operation: dict) -> str | None:
    body = operation["request_body"]
    return body and named(next(iter(body["content"].values())))


def named(schema: str) -> str:
    return re.sub(r"^array<(\w+)>$", r"\1[]", schema)


def test_every_difference_from_the_published_operations_has_its_reason(differences):
    unexplained = [
        found
        for found in differences
        if not any(known.covers(found, each) for known in KNOWN for each in known.where)
    ]
    assert unexplained == []


def test_every_reason_stands_for_a_difference_that_is_there(differences):
    void = [
        (known.reason, each)
        for known in KNOWN
        for each in known.where
        if not any(known.covers(found, each) for found in differences)
    ]
    assert void == []


def test_all_operations_of_the_specification_are_there(shared_dir: Path):
    spec = json.loads((shared_dir / "spec" / "operations.json").read_text())
    wanted = {(each["method"], each["path"]) for each in spec["operations"]}
    assert len(wanted) == spec["meta"]["distinct_method_path"] == 224
    assert wanted <= OURS.keys()


def test_no_operation_is_declared_twice():
    assert [
        name for name, times in Counter(each.id for each in OPERATIONS).items() if times > 1
    ] == []
    assert len(OURS) == sum(len(each.paths) for each in OPERATIONS)


@pytest.mark.parametrize("name", sorted({each.handler for each in OPERATIONS}))
def test_every_operation_is_answered_by_a_function_of_that_name(name):
    handler = handler_of(name)
    assert f"aas_server.api.{name}" == f"{handler.__module__}.{handler.__name__}"


def test_what_an_operation_needs_follows_from_what_it_does():
    wanted = {
        "GET": {Right.READ},
        "POST": {Right.CREATE},
        "PUT": {Right.CREATE, Right.UPDATE},
        "PATCH": {Right.UPDATE},
        "DELETE": {Right.DELETE},
    }
    for each in OPERATIONS:
        module = each.handler.split(".")[0]
        if module == "invocation":
            assert each.rights == (Right.EXECUTE,), each.id
        elif module in ("query", "templates") or each.handler == "discovery.search_shell_ids":
            assert each.rights == (Right.READ,), each.id
        else:
            assert wanted[each.method] & set(each.rights), each.id


def test_a_put_that_never_creates_needs_no_right_to():
    for each in OPERATIONS:
        if each.method == "PUT" and not each.handler.startswith("bulk."):
            assert each.creates == (Right.CREATE in each.rights), each.id


def test_only_reads_of_documents_by_their_own_id_and_single_values_are_hot():
    assert {each.path for each in OPERATIONS if each.hot} == {
        "/shells/{aasIdentifier}",
        "/submodels/{submodelIdentifier}",
        "/submodels/{submodelIdentifier}/submodel-elements/{idShortPath}/$value",
    }
    assert {each.method for each in OPERATIONS if each.hot} == {"GET"}
