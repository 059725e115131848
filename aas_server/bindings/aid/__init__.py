"""The room of interfaces that the model itself describes: Asset Interfaces Description (AID, IDTA
02017) and Asset Interfaces Mapping Configuration (AIMC, IDTA 02027).

AID submodels say which interfaces an asset has and what can be read there, AIMC submodels which of
it goes into which element. Both are read here from documents, whatever their version and however
they deviate from it in the ways of the published templates, and become rows of the plan like those
of a plant file. It imports the rooms that ``bindings`` imports, and offers ``read_interfaces``,
``read_mappings`` and ``Compiler``.
"""
