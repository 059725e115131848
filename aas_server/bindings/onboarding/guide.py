"""The README of a proposal: what is there and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from aas_server.bindings.onboarding.identity import Identity
from aas_server.bindings.onboarding.points import Point
from aas_server.bindings.opcua.address_space import MachineTree
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings

_TEXT: Final = """\
# {name}

Proposed by `aas-server opcua propose` from {url}: {points} values and operations of {nodes} nodes
below `{root}`.

| file | what it is |
|---|---|
{files}
| `plant.yaml` | the connection, and what the documents cannot say |
| `propose.lock` | what was proposed, for the next run; keep it with the rest |

## Next

1. Look at the documents. Rename, move and remove what you like: a later run leaves your changes
   alone. When you rename an element, change the rows that name it as well.
2. Try every binding: `aas-server check plant.yaml --load .`
3. Serve it: `aas-server serve --load . --plant plant.yaml`
4. After a change of the machine's program: the same `propose` again, first with `--dry-run`.
{secrets}"""

_SECRETS: Final = """
The password is read from {source}; it is in none of the files.
"""
_ABOUT: Final = {
    "OperationalData": "state, signals and counters (our template OperationalData)",
    "Maintenance": "wear and hours for maintenance (our template Maintenance)",
    "Quality": "pieces and yields (our template Quality)",
    "MachineData": "the machine's own structure: what is no signal, and its methods",
}


def guide(
    identity: Identity,
    tree: MachineTree,
    settings: OpcUaConnectionSettings,
    points: Sequence[Point],
    plant: str,
) -> str:
    """Return the README of a proposal."""
    counts = Counter(point.submodel for point in points)
    files = [
        f"| `{name}.json` | {about}; {counts[name]} elements |"
        for name, about in _ABOUT.items()
        if counts[name]
    ]
    files += [
        "| `AssetInterfacesDescription.json` | how the values are reached (IDTA 02017-1-1) |",
        "| `AssetInterfacesMappingConfiguration.json` | which feeds what (IDTA 02027-2-0) |",
        "| `concepts.json` | units, texts and names as the machine tells them (IEC 61360) |",
        "| `shell.json` | the shell that has them all |",
    ]
    secrets = ""
    if settings.security.password is not None:
        source = settings.security.password
        secrets = _SECRETS.format(
            source=f"the environment variable {source.env}"
            if source.env
            else f"the file {source.file}"
        )
    return _TEXT.format(
        name=identity.name,
        url=settings.url,
        points=len(points),
        nodes=tree.count(),
        root=tree.root.node,
        files="\n".join(files),
        secrets=secrets,
    )
