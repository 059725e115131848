"""How an OPC UA connection is secured, and as whom it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from aas_server.bindings.fields import FilePath, PlantModel, Text
from aas_server.bindings.secret_source import SecretSource

SecurityPolicy: TypeAlias = Literal[
    "None", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"
]
"""The policies that are used, from weak to strong."""

SecurityMode: TypeAlias = Literal["None", "Sign", "SignAndEncrypt"]
"""The modes, from weak to strong."""

Minimum: TypeAlias = Literal[
    "None/None",
    "Basic256Sha256/Sign",
    "Basic256Sha256/SignAndEncrypt",
    "Aes128_Sha256_RsaOaep/Sign",
    "Aes128_Sha256_RsaOaep/SignAndEncrypt",
    "Aes256_Sha256_RsaPss/Sign",
    "Aes256_Sha256_RsaPss/SignAndEncrypt",
]

_SECRETS: Final = ("password", "private_key_passphrase", "user_private_key_passphrase")


class SecuritySettings(PlantModel):
    """How a connection is secured, and as whom it speaks."""

    policy: SecurityPolicy = Field("None", description="OPC UA security policy.")
    mode: SecurityMode = Field(
        "SignAndEncrypt",
        description="SignAndEncrypt unless the policy is None.",
    )
    minimum: Minimum | None = Field(
        None,
        description="Least POLICY/MODE; without a policy, the best endpoint above it is used.",
        examples=["Basic256Sha256/SignAndEncrypt"],
    )
    user: Text | None = Field(None, description="User name; anonymous when left out.")
    password: SecretSource | None = Field(
        None,
        description="{env: NAME} or {file: PATH} that holds it; never the password.",
    )
    user_certificate: FilePath | None = Field(
        None, description="Certificate (DER or PEM) of the user, instead of name and password."
    )
    user_private_key: FilePath | None = Field(
        None, description="Private key of the user's certificate."
    )
    user_private_key_passphrase: SecretSource | None = Field(
        None, description="{env: NAME} or {file: PATH} that holds the passphrase of that key."
    )
    server_certificate: FilePath | None = Field(
        None,
        description="Certificate (DER or PEM) of the server; no other is accepted.",
    )
    check_host: bool | None = Field(
        None,
        strict=True,
        description="Whether the server's certificate must name the host of the url; when left "
        "out, where an authority vouches for the certificate.",
    )
    require_crl: bool = Field(
        False,
        strict=True,
        description="Whether every authority must have a revocation list.",
    )
    certificate: FilePath | None = Field(
        None, description="Own application certificate (DER or PEM)."
    )
    private_key: FilePath | None = Field(None, description="Private key of the own certificate.")
    private_key_passphrase: SecretSource | None = Field(
        None, description="{env: NAME} or {file: PATH} that holds the passphrase of that key."
    )

    @property
    def takes_best(self) -> bool:
        """Return whether the best endpoint above the minimum is used instead of a certain one."""
        return self.minimum is not None and self.policy == "None"

    @property
    def least(self) -> tuple[str, str]:
        """Return policy and mode that the endpoint has at least."""
        policy, _, mode = (self.minimum or "None/None").partition("/")
        return policy, mode

    @property
    def is_secured(self) -> bool:
        """Return whether the server has to be asked which endpoints it has."""
        return self.takes_best or self.policy != "None"

    @model_validator(mode="before")
    @classmethod
    def _default_mode(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and "minimum" in data:
            if "mode" in data and "policy" not in data:
                raise ValueError("mode goes with policy: minimum says the least mode itself")
            if data.get("policy") == "None":
                raise ValueError("minimum does not go with policy None: one of them must go")
        if isinstance(data, Mapping) and data.get("policy", "None") == "None":
            return {"mode": "None", **data}
        return data

    @field_validator(*_SECRETS, mode="before")
    @classmethod
    def _no_secret_in_the_file(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and not isinstance(value, Mapping | SecretSource):
            what = "password" if info.field_name == "password" else "passphrase"
            raise ValueError(
                f"a {what} does not belong in this file: "
                "name its environment variable, {env: NAME}, or its file, {file: PATH}"
            )
        if isinstance(value, Mapping) and not value.keys() <= {"env", "file"}:
            # Before the check for unknown keys, which would show a secret in braces.
            raise ValueError("must be {env: NAME} or {file: PATH}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> SecuritySettings:
        if (self.policy == "None") != (self.mode == "None"):
            raise ValueError(
                f"policy {self.policy} does not go with mode {self.mode}: both are None or neither"
            )
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password come together")
        for what, key, name in (
            (self.certificate, self.private_key, "certificate and privateKey"),
            (self.user_certificate, self.user_private_key, "userCertificate and userPrivateKey"),
        ):
            if (what is None) != (key is None):
                raise ValueError(f"{name} come together")
        if self.private_key_passphrase is not None and self.private_key is None:
            raise ValueError("privateKeyPassphrase goes with privateKey")
        if self.user_private_key_passphrase is not None and self.user_private_key is None:
            raise ValueError("userPrivateKeyPassphrase goes with userPrivateKey")
        if self.user is not None and self.user_certificate is not None:
            raise ValueError("a user has either a password or a certificate: one of them must go")
        self._check_minimum()
        return self

    def _check_minimum(self) -> None:
        """Raise ``ValueError`` when what is asked for is less than what is demanded."""
        if self.minimum is None or self.takes_best:
            return
        policies, modes = get_args(SecurityPolicy), get_args(SecurityMode)
        policy, mode = self.least
        if policies.index(self.policy) < policies.index(policy) or modes.index(
            self.mode
        ) < modes.index(mode):
            raise ValueError(
                f"{self.policy}/{self.mode} is less than the minimum {self.minimum}: without "
                "policy and mode, the best endpoint above the minimum is used"
            )
