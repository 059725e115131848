"""What the OPC UA source and its reader must agree upon."""

NAMESPACE = "urn:bench:source"
