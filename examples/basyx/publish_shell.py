"""Authors a shell with the basyx-python-sdk and publishes it on a server, with its manual.

Run ``python examples/basyx/publish_shell.py [SERVER]``; the server is http://127.0.0.1:8080 unless
it is named. A second run changes nothing.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import httpx
from basyx.aas import model
from basyx.aas.adapter.aasx import AASXWriter, DictSupplementaryFileContainer

SHELL_ID = "urn:example:basyx:shell:pump-17"
SUBMODEL_ID = "urn:example:basyx:submodel:pump-17:nameplate"
NAMEPLATE = "https://admin-shell.io/idta/nameplate/3/0/Nameplate"


def reference(value: str) -> model.ExternalReference:
    """Return a reference to what has the id ``value``, wherever it is."""
    return model.ExternalReference((model.Key(model.KeyTypes.GLOBAL_REFERENCE, value),))


def author() -> tuple[
    model.DictIdentifiableStore[model.Identifiable], DictSupplementaryFileContainer
]:
    """Return a shell, its nameplate and the manual that stands in it."""
    files = DictSupplementaryFileContainer()  # type: ignore[no-untyped-call]
    manual = io.BytesIO(b"Turn the pump on before you need it.\n")
    manual_name = files.add_file("/aasx/files/manual.txt", manual, "text/plain")
    submodel = model.Submodel(
        id_=SUBMODEL_ID,
        id_short="Nameplate",
        semantic_id=reference(NAMEPLATE),
        submodel_element=(
            model.Property(
                id_short="SerialNumber",
                value_type=model.datatypes.String,
                value="P-17",
                semantic_id=reference("0112/2///61987#ABA951#009"),
            ),
            model.MultiLanguageProperty(
                id_short="ManufacturerName",
                value=model.MultiLanguageTextType({"en": "Example Pumps", "de": "Beispielpumpen"}),
            ),
            model.File(id_short="Manual", content_type="text/plain", value=manual_name),
        ),
    )
    shell = model.AssetAdministrationShell(
        id_=SHELL_ID,
        id_short="Pump17",
        asset_information=model.AssetInformation(
            asset_kind=model.AssetKind.INSTANCE, global_asset_id="urn:example:asset:pump-17"
        ),
        submodel={model.ModelReference.from_referable(submodel)},
    )
    return model.DictIdentifiableStore([shell, submodel]), files


def publish(server: str) -> str:
    """Send the shell as a package to ``server`` and return what it says of it."""
    objects, files = author()
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "pump.aasx"
        with AASXWriter(package) as writer:
            writer.write_aas(SHELL_ID, objects, files)
        answer = httpx.post(
            f"{server}/api/v3/upload",
            params={"onConflict": "replace"},
            files={"file": (package.name, package.read_bytes())},
            timeout=30,
        )
    answer.raise_for_status()
    report = answer.json()
    return (
        f"{report['shells']} shells and {report['submodels']} submodels created, "
        f"{report['replaced']} replaced, {report['skipped']} left as they were"
    )


def main() -> None:
    """Publish on the server that the command line names."""
    server = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
    sys.stdout.write(publish(server.rstrip("/")) + "\n")


if __name__ == "__main__":
    main()
