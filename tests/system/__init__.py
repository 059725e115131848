"""The whole product as its users run it: real processes, HTTP, and a machine of another stack."""
