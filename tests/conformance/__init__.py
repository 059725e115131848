"""The official test tool against a started server, and the page that tells its result."""
