"""The kinds of fields that a plant file is made of: durations, paths, texts, numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

_DURATION: Final = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>ms|s|m|h)", re.ASCII)
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*(ms|s|m|h)$"},
        {"type": "number", "minimum": 0},
    ],
    "examples": ["250ms", "1s", "2m"],
}


class PlantModel(BaseModel):
    """What all parts of a plant file share: camelCase keys, none unknown, unchangeable."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=False,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )


def to_seconds(value: Any) -> float:
    """Return a duration in seconds from ``250ms``, ``1s``, ``2m``, ``1h`` or a number of seconds.

    Raises ``ValueError`` for anything else.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be a duration such as 250ms, 1s or 2m, or a number of seconds")
    return round(float(match["number"]) * _SECONDS[match["unit"]], 9)


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    folder: Path | None = (info.context or {}).get("folder")
    return path if folder is None else folder / path


Seconds: TypeAlias = Annotated[
    float, BeforeValidator(to_seconds), WithJsonSchema(_DURATION_SCHEMA, mode="validation")
]
"""A duration in seconds; bounds come with the field."""

FilePath: TypeAlias = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path, seen from the ``folder`` of the validation context: where the plant file lies."""

Text: TypeAlias = Annotated[StrictStr, Field(min_length=1, max_length=2048)]
Number: TypeAlias = Annotated[float, Field(strict=True, allow_inf_nan=False)]
