"""Secrets: where they come from, so that no file and no log of ours ever holds one."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from pydantic import Field, StrictStr, field_validator, model_validator

from aas_server.bindings.fields import FilePath, PlantModel
from aas_server.errors import ConfigurationError

MAX_SECRET_BYTES: Final = 65536
"""Bytes of a secret's file at most: a wrong path is noticed before its content goes to a
machine.
"""

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class SecretSource(PlantModel):
    """Where a secret comes from: an environment variable or a file."""

    env: StrictStr | None = Field(
        None, description="Name of the environment variable that holds the secret."
    )
    file: FilePath | None = Field(
        None, description="File that holds the secret; a line break at its end is left out."
    )

    @field_validator("env")
    @classmethod
    def _name_of_a_variable(cls, name: str | None) -> str | None:
        if name is not None and not _VARIABLE.fullmatch(name):
            raise ValueError("must be the name of an environment variable")
        return name

    @model_validator(mode="after")
    def _one_of_both(self) -> SecretSource:
        if (self.env is None) == (self.file is None):
            raise ValueError("must be {env: NAME} or {file: PATH}")
        return self

    def read(self) -> str:
        """Return the secret as it is now.

        Raises ``ConfigurationError`` that names the variable or the file when there is none.
        """
        if self.file is not None:
            return _read_file(self.file)
        secret = os.environ.get(self.env or "", "")
        if not secret:
            raise ConfigurationError(
                f"the environment variable {self.env} must hold a secret and is not set or empty"
            )
        return secret


def _read_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(
            f"the file of the secret cannot be read: {error.strerror}", path=str(path)
        ) from error
    if len(content) > MAX_SECRET_BYTES:
        raise ConfigurationError(
            f"the file of the secret has more than {MAX_SECRET_BYTES} bytes", path=str(path)
        )
    try:
        secret = content.decode()
    except UnicodeDecodeError:
        # The original error shows bytes of the secret.
        raise ConfigurationError("the file of the secret is not UTF-8", path=str(path)) from None
    secret = secret.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise ConfigurationError("the file of the secret is empty", path=str(path))
    return secret
