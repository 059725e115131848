"""Shells, submodels and concept descriptions of 2.0; its assets become part of their shells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from aas_server.errors import BadRequest, Finding
from aas_server.metamodel.tree import Node
from aas_server.metamodel.verification import verify
from aas_server.packages.v2.changes import Changes, Source, shown
from aas_server.packages.v2.concepts import with_definitions
from aas_server.packages.v2.elements import elements
from aas_server.packages.v2.members import (
    data_specifications,
    identifiable,
    present,
    qualifiers,
    semantics,
)
from aas_server.packages.v2.references import last_value, mended_id_short, reference, to_submodel

_SHELL: Final = "AssetAdministrationShell"
_SUBMODEL: Final = "Submodel"
_ASSETS: Final = "assets"
_SHELLS: Final = "assetAdministrationShells"
_SUBMODELS: Final = "submodels"
_CONCEPTS: Final = "conceptDescriptions"
LISTS: Final = (_SHELLS, _ASSETS, _SUBMODELS, _CONCEPTS)
"""The members of an environment of 2.0."""

_ASSET_KINDS: Final = {"Instance": "Instance", "Template": "Type", "Type": "Type"}
_KINDS: Final = ("Instance", "Template")
_OF_CATEGORIES: Final = frozenset({"AASc-3a-004", "AASc-3a-005", "AASc-3a-006", "AASc-3a-007"})
"""What a category demands of a data specification: rules that 2.0 did not have."""


@dataclass(slots=True)
class _Asset:
    kind: str | None = None
    submodels: list[Node] = field(default_factory=list)
    is_named: bool = False


def is_v2(environment: Any) -> bool:
    """Return whether a decoded JSON environment is of metamodel 2.0."""
    if not isinstance(environment, dict):
        return False
    lists = [environment[name] for name in LISTS if isinstance(environment.get(name), list)]
    documents = [each for trees in lists for each in trees if isinstance(each, dict)]
    if any(isinstance(each.get("identification"), dict) for each in documents):
        return True
    return _ASSETS in environment and not any("id" in each for each in documents)


def converted(environment: Node, name: str) -> tuple[Node, list[Finding]]:
    """Return the environment of 3.1 and what had to change; ``name`` says where it is from.

    Raises ``BadRequest`` for what is no environment. The argument is not changed.
    """
    unknown = environment.keys() - set(LISTS)
    if unknown:
        raise BadRequest(f"is no AAS environment: holds {', '.join(sorted(unknown))}", path=name)
    changes = Changes()
    try:
        found = _Conversion(environment, changes, name).environment()
    except RecursionError as error:
        raise BadRequest("is nested too deep", path=name) from error
    return found, changes.findings(name)


class _Conversion:
    def __init__(self, environment: Node, changes: Changes, name: str) -> None:
        self._environment = environment
        self._changes = changes
        self._name = name
        self._assets: dict[str, _Asset] = {}

    def environment(self) -> Node:
        for source in self._documents(_ASSETS, "Asset"):
            self._take_asset(source)
        found = {
            _SHELLS: [
                self._shell(source)
                for source in self._documents(_SHELLS, "AssetAdministrationShell")
            ],
            _SUBMODELS: [_submodel(source) for source in self._documents(_SUBMODELS, _SUBMODEL)],
            _CONCEPTS: [
                _concept(source) for source in self._documents(_CONCEPTS, "ConceptDescription")
            ],
        }
        self._changes.document = self._name
        for identifier, asset in self._assets.items():
            if not asset.is_named:
                text = f"no shell names the asset {identifier!r}: it was left out"
                self._changes.note([], text, is_loss=True)
        return found

    def _documents(self, name: str, kind: str) -> Iterator[Source]:
        trees = self._environment.get(name) or []
        if not isinstance(trees, list):
            raise BadRequest(f"{name} must be an array", path=self._name)
        for index, tree in enumerate(trees):
            if not isinstance(tree, dict):
                raise BadRequest(f"{name}[{index}] must be an object", path=self._name)
            named = tree.get("identification")
            identifier = named.get("id") if isinstance(named, dict) else None
            self._changes.document = f"{kind} {identifier!r}"
            self._changes.submodel = identifier if kind == _SUBMODEL else None
            self._changes.top_names = _top_names(tree)
            yield Source(tree, [], self._changes)

    def _take_asset(self, source: Source) -> str | None:
        """Take what an asset says of itself; return its id."""
        asset = _Asset(_asset_kind(source))
        for names in (
            ("assetIdentificationModel", "assetIdentificationModelRef"),
            ("billOfMaterial", "billOfMaterialRef"),
        ):
            found = to_submodel(reference(source.object(*names)))
            if found is not None:
                source.note(names[0], f"{last_value(found)!r} became a submodel of the shell")
                asset.submodels.append(found)
        identification = source.object("identification")
        identifier = identification.word("id") if identification is not None else None
        for name in ("modelType", "parent"):
            source.take(name)
        source.finish()
        if identifier is not None:
            self._assets.setdefault(identifier, asset)
        return identifier

    def _shell(self, source: Source) -> Node:
        source.take("modelType")
        named = identifiable(source)
        information, of_asset = self._asset_information(source)
        named_submodels = [
            found
            for name in ("submodels", "submodelRefs")
            for each in source.objects(name)
            if (found := to_submodel(reference(each))) is not None
        ]
        submodels = {last_value(each): each for each in [*of_asset, *named_submodels]}
        _note_views(source)
        tree = {
            "modelType": _SHELL,
            **named,
            **data_specifications(source, named.get("idShort")),
            **present(derivedFrom=reference(source.object("derivedFrom"))),
            "assetInformation": information,
            **present(submodels=list(submodels.values())),
        }
        source.finish()
        return tree

    def _asset_information(self, source: Source) -> tuple[Node, list[Node]]:
        """Return the AssetInformation of a shell and the submodels that its asset names."""
        identifier = None
        for name in ("asset", "assetRef"):
            named = source.object(name)
            if named is None:
                continue
            found = reference(named.part("keys"))
            if "identification" in named:
                # An SDK of 2.0 tells the asset in the place of a reference to it.
                identifier = self._take_asset(named)
            named.finish()
            identifier = identifier or last_value(found)
        asset = self._assets.get(identifier or "")
        if asset is None:
            source.note("asset", f"{identifier!r} is not there: an Instance was assumed")
            asset = _Asset()
        asset.is_named = True
        information = {"assetKind": asset.kind or "Instance"}
        if identifier is not None:
            information["globalAssetId"] = identifier
        return information, list(asset.submodels)


def _top_names(tree: Node) -> frozenset[str]:
    elements_ = tree.get("submodelElements")
    named = elements_ if isinstance(elements_, list) else []
    names = [each.get("idShort") for each in named if isinstance(each, dict)]
    return frozenset(mended_id_short(name) for name in names if isinstance(name, str))


def _asset_kind(source: Source) -> str | None:
    named = source.word("kind")
    kind = _ASSET_KINDS.get(named or "")
    if named is not None and kind != named:
        source.note("kind", f"{shown(named)} became {kind or 'Instance'}")
    return kind


def _submodel(source: Source) -> Node:
    source.take("modelType")
    kind = source.word("kind")
    if kind is not None and kind not in _KINDS:
        source.note("kind", f"{shown(kind)} is no kind of a submodel and was left out")
        kind = None
    named = identifiable(source)
    tree = {
        "modelType": _SUBMODEL,
        **named,
        **present(kind=kind),
        **semantics(source),
        **qualifiers(source),
        **data_specifications(source, named.get("idShort")),
        **present(submodelElements=elements(source, "submodelElements")),
    }
    source.finish()
    return tree


def _concept(source: Source) -> Node:
    source.take("modelType")
    named = identifiable(source)
    cases = [found for each in source.objects("isCaseOf") if (found := reference(each))]
    tree = {
        "modelType": "ConceptDescription",
        **named,
        **data_specifications(source, named.get("idShort")),
        **present(isCaseOf=cases),
    }
    source.finish()
    with_definitions(tree, source)
    if "category" in tree and any(each.code in _OF_CATEGORIES for each in verify(tree)):
        text = f"{shown(tree.pop('category'))} does not fit the dataType and was left out"
        source.note("category", text)
    return tree


def _note_views(source: Source) -> None:
    for names, contained in (
        (("views",), ("containedElements",)),
        (
            ("conceptDictionaries", "conceptDictionary"),
            ("conceptDescriptionRefs", "conceptDescriptions"),
        ),
    ):
        for each in source.objects(*names):
            named = [last_value(reference(found)) for found in each.objects(*contained)]
            text = f"{shown(each.text('idShort'))} has no place in metamodel 3.1 and was left out"
            each.note("", f"{text}; it named {shown(', '.join(str(one) for one in named))}")
