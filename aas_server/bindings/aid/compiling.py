"""Compiling: descriptions of interfaces and mappings become what is wanted of the bindings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from aas_server.bindings.aid.connecting import InterfaceConnection, connection_of, demand
from aas_server.bindings.aid.interfaces import (
    Interface,
    InterfaceDescription,
    InterfaceProperty,
    Protocol,
)
from aas_server.bindings.aid.mappings import Mapping as SourceToSink
from aas_server.bindings.aid.mappings import MappingConfiguration, Target
from aas_server.bindings.aid.rows import row_of
from aas_server.bindings.aid.units import unit_conversion
from aas_server.bindings.hosts import AllowedHosts
from aas_server.bindings.plant.base import BindingSettings, ConnectionSettings
from aas_server.bindings.plant.elements import (
    ELEMENTS_CONNECTION,
    ElementBindingSettings,
    ElementConnectionSettings,
)
from aas_server.bindings.plant.overlays import OverlaySettings
from aas_server.bindings.wanted import PLANT_FILE, Refused, Row, Wanted
from aas_server.errors import ConfigurationError
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.yaml_files.problems import nearest

MAX_CONNECTIONS: Final = 200
"""Connections that descriptions may make at most, beside those of the plant file."""
MAX_ROWS: Final = 100_000
"""Rows that all mappings may make at most."""

_CALCULATED: Final = frozenset({"unit", "scale", "enumeration"})
"""What of an overlay says itself how a value is calculated."""


class Compiler:
    """Compiles what submodels describe, with what the plant file knows and says beyond it.

    ``plant`` are the connections of the plant file and ``overlays`` what it adds; of other servers
    only ``hosts`` are connected to. Pure: the same documents make the same rows.
    """

    def __init__(
        self,
        plant: Mapping[str, ConnectionSettings],
        overlays: Iterable[OverlaySettings] = (),
        hosts: AllowedHosts | None = None,
    ) -> None:
        self._plant = plant
        self._hosts = hosts or AllowedHosts()
        self._overlays: dict[tuple[str, str], OverlaySettings] = {}
        for overlay in overlays:
            self._overlays[overlay.aid, _short(overlay.property)] = overlay

    def compile(
        self,
        descriptions: Mapping[str, InterfaceDescription],
        configurations: Iterable[MappingConfiguration],
        is_here: Callable[[str], bool],
        units: Mapping[Target, str] = MappingProxyType({}),
    ) -> Wanted:
        """Return the connections and rows that ``configurations`` want, and what is refused.

        ``descriptions`` are all AID submodels by their ids, ``is_here`` says whether a submodel is
        in this repository, ``units`` are those of the sinks that have one.
        """
        work = _Compilation(self._plant, self._overlays, self._hosts, descriptions, is_here, units)
        for configuration in configurations:
            work.add(configuration)
        return work.wanted()


class _Compilation:
    """One run over all configurations: the connections and rows found so far."""

    def __init__(
        self,
        plant: Mapping[str, ConnectionSettings],
        overlays: Mapping[tuple[str, str], OverlaySettings],
        hosts: AllowedHosts,
        descriptions: Mapping[str, InterfaceDescription],
        is_here: Callable[[str], bool],
        units: Mapping[Target, str],
    ) -> None:
        self._plant = plant
        self._units = units
        self._overlays = overlays
        self._hosts = hosts
        self._descriptions = descriptions
        self._is_here = is_here
        self._configurations: set[str] = set()
        self._found: dict[tuple[str, str], InterfaceConnection] = {}
        self._connections: dict[str, ConnectionSettings] = {}
        self._rows: list[Row] = []
        self._refused: list[Refused] = list(self._lost_overlays())

    def add(self, configuration: MappingConfiguration) -> None:
        """Take in all mappings of ``configuration``."""
        origin = f"AIMC {configuration.submodel_id}"
        if configuration.problem is not None:
            self._refused.append(Refused(None, origin, "", origin, configuration.problem))
        for mapping in configuration.mappings:
            try:
                self._rows.append(Row(self._row(mapping), origin))
            except ConfigurationError as error:
                self._refused.append(self._refusal(mapping, origin, error.text))

    def wanted(self) -> Wanted:
        """Return what was found."""
        return Wanted(self._connections, tuple(self._rows), refused=tuple(self._refused))

    def _row(self, mapping: SourceToSink) -> BindingSettings:
        if mapping.problem is not None or mapping.source is None or mapping.sink is None:
            raise ConfigurationError(mapping.problem or "it has no source or no sink")
        if len(self._rows) >= MAX_ROWS:
            raise ConfigurationError(f"all mappings together make more than {MAX_ROWS} rows")
        sink = {"submodel": mapping.sink.submodel, "path": _path(mapping.sink)}
        if mapping.sink.submodel in self._descriptions:
            raise ConfigurationError(
                "its sink is in a description of interfaces, which stays as it is"
            )
        if mapping.source.submodel in self._descriptions:
            return self._interface_row(mapping, mapping.source, sink)
        return self._element_row(mapping.source, sink)

    def _interface_row(
        self, mapping: SourceToSink, source: Target, sink: dict[str, str]
    ) -> BindingSettings:
        description = self._descriptions[source.submodel]
        interface, found = _property(description, source)
        told = mapping.interface
        if (
            told is not None
            and told.submodel in self._descriptions
            and (told.submodel, told.path[:1]) != (source.submodel, source.path[:1])
        ):
            raise ConfigurationError(
                f"its source is of another interface than the {told.name} that it refers to"
            )
        if interface.protocol is Protocol.HTTP and mapping.interval_problem is not None:
            raise ConfigurationError(mapping.interval_problem)
        connection = self._connection(description.submodel_id, interface)
        if connection.problem is not None:
            raise ConfigurationError(connection.problem)
        if not connection.is_of_plant:
            problem = demand(found.form.security, interface.base)
            if problem is not None:
                raise ConfigurationError(problem)
        overlay = self._overlays.get((description.submodel_id, _short_of(found.path)))
        additions = {} if overlay is None else overlay.additions()
        if mapping.sink is not None and _CALCULATED.isdisjoint(additions):
            unit = unit_conversion(found.unit, self._units.get(mapping.sink))
            if unit is not None:
                additions["unit"] = unit
        row = row_of(
            interface,
            found,
            connection=connection.name,
            sink=sink,
            interval=mapping.interval,
            additions=additions,
        )
        if connection.settings is not None:
            self._connections.setdefault(connection.name, connection.settings)
        return row

    def _element_row(self, source: Target, sink: dict[str, str]) -> BindingSettings:
        if not self._is_here(source.submodel):
            raise ConfigurationError(
                f"there is no submodel {source.submodel!r} here: "
                "elements of other repositories are not read"
            )
        self._connections.setdefault(
            ELEMENTS_CONNECTION, ElementConnectionSettings.model_validate({})
        )
        element = {"submodel": source.submodel, "path": _path(source)}
        return ElementBindingSettings.model_validate(
            {"connection": ELEMENTS_CONNECTION, "sink": sink, "element": element}
        )

    def _connection(self, submodel_id: str, interface: Interface) -> InterfaceConnection:
        key = (submodel_id, interface.id_short)
        found = self._found.get(key)
        if found is None:
            found = connection_of(submodel_id, interface, self._plant, self._hosts)
            made = sum(each.settings is not None for each in self._found.values())
            if found.settings is not None and made >= MAX_CONNECTIONS:
                problem = f"descriptions make more than {MAX_CONNECTIONS} connections"
                found = InterfaceConnection(found.name, problem=problem)
            self._found[key] = found
        return found

    def _refusal(self, mapping: SourceToSink, origin: str, reason: str) -> Refused:
        source = mapping.source
        connection = None
        if source is not None and source.path:
            found = self._found.get((source.submodel, str(source.path[0])))
            connection = None if found is None else found.name
        return Refused(
            connection,
            mapping.place if source is None else source.name,
            "" if mapping.sink is None else mapping.sink.name,
            origin,
            reason,
        )

    def _lost_overlays(self) -> Iterable[Refused]:
        """Yield the overlays of descriptions that are here and have no such property."""
        for (aid, short), overlay in self._overlays.items():
            description = self._descriptions.get(aid)
            if description is None or description.problem is not None:
                continue
            known = {_short_of(path) for path in description.properties}
            if short not in known:
                reason = f"the overlay is for no property of the description{nearest(short, known)}"
                source = f"{aid} {overlay.property}"
                yield Refused(None, source, "", PLANT_FILE, reason)


def _property(
    description: InterfaceDescription, source: Target
) -> tuple[Interface, InterfaceProperty]:
    """Return what a source leads to; raises ``ConfigurationError`` that says what is meant."""
    if description.problem is not None:
        raise ConfigurationError(f"the description of its source: {description.problem}")
    interface = description.interface_of(source.path)
    found = description.properties.get(source.path)
    if interface is None or found is None:
        known = (format_id_short_path(path) for path in description.properties)
        path = _path(source)
        raise ConfigurationError(
            f"its source {path!r} is no property of an interface{nearest(path, known)}"
        )
    return interface, found


def _short_of(path: IdShortPath) -> str:
    """Return how an overlay names a property: the interface and the names of properties."""
    return "/".join(str(each) for each in (path[0], *path[3::2]))


def _short(text: str) -> str:
    """Return the same for what an overlay says, which may also be an idShortPath."""
    if "/" in text or text.count(".") < 3:
        return text.strip("/")
    return _short_of(tuple(text.split(".")))


def _path(target: Target) -> str:
    return format_id_short_path(target.path)
