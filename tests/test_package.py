"""What is shipped: a wheel with everything that runs, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path


def test_the_wheel_holds_the_server_its_migrations_and_the_templates(
    project_dir: Path, tmp_path: Path
) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=project_dir,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "aas_server/py.typed",
        "aas_server/cli/main.py",
        "aas_server/store/migrations/env.py",
        "aas_server/store/migrations/versions/0001_documents_and_changes.py",
        "aas_server/_submodels/OperationalData/template.json",
        "aas_server/_submodels/Maintenance/template.json",
        "aas_server/_submodels/Quality/template.json",
    } <= names
    others = {name.split("/")[0] for name in names} - {"aas_server"}
    assert all(name.endswith(".dist-info") for name in others)
