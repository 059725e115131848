"""YAML files that people write: read with the line of each value, and what is wrong in words.

Imports ``errors`` only, and offers ``YamlFile``, ``problems_of``, ``nearest`` and ``joined``.
"""
