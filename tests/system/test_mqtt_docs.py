"""docs/mqtt.md does what it shows: its files, its commands, their output."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.mosquitto import running_mosquitto
from tests.support.processes import eventually
from tests.system.aas_process import AasServer, serve_arguments

UP = 'aas_binding_connection_up{connection="line"} 1.0'


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def steps(text: str) -> Iterator[tuple[str, str]]:
    """Each command of the document with what it prints."""
    for block in blocks(text, "console"):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = step.partition("\n")
            yield command, output


def test_the_worked_example_works(project_dir: Path, tmp_path: Path) -> None:
    text = (project_dir / "docs" / "mqtt.md").read_text(encoding="utf-8")
    (model,) = blocks(text, "json")
    (plant,) = blocks(text, "yaml")
    with running_mosquitto() as broker:
        model_file, plant_file = tmp_path / "press.json", tmp_path / "plant.yaml"
        model_file.write_text(model)
        plant_file.write_text(plant.replace(":1883", f":{broker.port}"))
        arguments = serve_arguments(data=tmp_path / "data", load=[model_file], plant=plant_file)
        with AasServer(*arguments, folder=tmp_path / "server") as server:
            address = server.client.address
            metrics = f"curl -s {address}/metrics"
            eventually(lambda: UP in printed(metrics, tmp_path), within=10, what=UP)
            variables = ""
            for step, output in steps(text):
                command = step.replace("http://127.0.0.1:8080", address)
                command = command.replace("-p 1883", f"-p {broker.port}")
                if re.match(r"[A-Z]+=", command):
                    variables += f"{command}\n"
                    continue
                script = variables + command
                # A moment passes between what is published and what is shown.
                eventually(
                    lambda script=script, output=output: printed(script, tmp_path) == output,
                    within=10,
                    what=f"{step} prints {output!r}",
                )


def printed(script: str, folder: Path) -> str:
    # Nothing is read from standard error: what runs in the background would hold it open.
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout
