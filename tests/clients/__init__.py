"""Real clients against a started server: other people's packages, each in its own process."""
