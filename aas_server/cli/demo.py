"""The demo: the simulated plant of ``examples/plant`` beside a server that shows it."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import aas_server
from aas_server.errors import ConfigurationError
from aas_server.settings import Settings, load_settings


async def serve_demo(
    options: dict[str, Any],
    config: Path | None,
    plant_port: int,
    serve: Callable[[Settings], Coroutine[Any, Any, None]],
) -> None:
    """Start the simulated machines, then ``serve`` with their documents and bindings; stop both.

    What ``options`` names stands before the demo's own: a data folder instead of a temporary one,
    another plant file, more to load. The machines take the four ports above ``plant_port``.
    """
    example = _find_example()
    launcher = importlib.import_module("examples.plant.launcher")
    plant_file = importlib.import_module("examples.plant.plant_file")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aas-server-demo-")))
        own_plant = folder / "plant.yaml"
        settings = load_settings(
            options
            | {
                "data": options["data"] or folder / "data",
                "load": (example / "model", *options["load"]),
                "plant": options["plant"] or own_plant,
            },
            config=config,
        )
        plant = launcher.Plant(base_port=plant_port)
        try:
            await plant.start()
        except launcher.PlantError as error:
            raise ConfigurationError(f"{error}; or choose other ports: --plant-port") from error
        try:
            plant_file.write_plant_file(own_plant, plant.urls)
            await serve(settings)
        finally:
            await plant.stop()


def _find_example() -> Path:
    checkout = Path(aas_server.__file__).resolve().parent.parent
    for root in (checkout, Path.cwd()):
        if (root / "examples" / "plant" / "plant.yaml").is_file():
            sys.path.insert(0, str(root))
            return root / "examples" / "plant"
    raise ConfigurationError(
        "the demo's machines come with the source checkout: start it there (make demo)"
    )
