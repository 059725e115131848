"""The AAS model server: digital twins of machines, kept live, served through the AAS HTTP API."""

__version__ = "0.1.0"
