"""What the OPC UA sources and their readers must agree upon."""

NAMESPACE = "urn:bench:source"
BURST_CHANGES = 5
"""How often each item changes in a burst."""
FINAL = -1.0
"""The value of every item after a burst."""
