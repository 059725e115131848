"""Methods of machines and the Operations that they carry out."""

from __future__ import annotations

from pydantic import Field

from aas_server.bindings.fields import PlantModel, Text


class OperationElementSettings(PlantModel):
    """The Operation that a method carries out."""

    submodel: Text = Field(description="Id of the submodel.")
    path: Text = Field(description="idShortPath of an Operation.", examples=["StartJob"])

    @property
    def name(self) -> str:
        """Return ``submodel id/idShortPath``."""
        return f"{self.submodel}/{self.path}"


class MethodSettings(PlantModel):
    """One method of a machine and the Operation that it carries out."""

    connection: Text = Field(description="Name of the connection, as under connections.")
    object: Text = Field(
        description="Node id of the object that the method is called on: nsu=<uri>;s=<id>.",
        examples=["nsu=http://vendor.example/UA/;s=Press"],
    )
    method: Text = Field(
        description="Node id of the method: nsu=<uri>;s=<id>.",
        examples=["nsu=http://vendor.example/UA/;s=Press.StartJob"],
    )
    operation: OperationElementSettings = Field(description="What it carries out.")
    inputs: tuple[Text, ...] | None = Field(
        None,
        description="idShorts of the variables in the order of the method's input arguments; "
        "the Operation's input and then its inoutput variables when left out.",
        examples=[["Program", "Quantity"]],
    )
    outputs: tuple[Text, ...] | None = Field(
        None,
        description="idShorts of the variables in the order of the method's output arguments; "
        "the Operation's output and then its inoutput variables when left out.",
        examples=[["JobNumber"]],
    )
