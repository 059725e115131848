"""Small AASX packages for tests that write."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Final

from tests.clients.documents import Node

_AASX: Final = "http://admin-shell.io/aasx/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPES: Final = (
    f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="json" '
    'ContentType="application/json"/><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
)
_DATE: Final = (2026, 5, 1, 6, 0, 0)


def package(*submodels: Node) -> bytes:
    """Return a package with ``submodels``, the same bytes for the same ones."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in (
            ("[Content_Types].xml", _TYPES),
            ("_rels/.rels", _link("aasx-origin", "/aasx/aasx-origin")),
            ("aasx/aasx-origin", ""),
            ("aasx/_rels/aasx-origin.rels", _link("aas-spec", "/aasx/data.json")),
            ("aasx/data.json", json.dumps({"submodels": submodels})),
        ):
            archive.writestr(zipfile.ZipInfo(name, _DATE), text)
    return content.getvalue()


def _link(kind: str, target: str) -> str:
    link = f'<Relationship Id="R1" Type="{_AASX}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{link}</Relationships>'
