"""Secrets: where they come from, so that no file and no log of ours ever holds one."""

from __future__ import annotations

import os
import re
from typing import Final

from pydantic import Field, StrictStr, field_validator, model_validator

from aas_server.bindings.fields import FilePath, PlantModel
from aas_server.errors import ConfigurationError
from aas_server.secret_files import read_secret_file

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
            return read_secret_file(self.file)
        secret = os.environ.get(self.env or "", "")
        if not secret:
            raise ConfigurationError(
                f"the environment variable {self.env} must hold a secret and is not set or empty"
            )
        return secret
