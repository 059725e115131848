"""Generated requests against a started server: nothing that a client sends may break it."""
