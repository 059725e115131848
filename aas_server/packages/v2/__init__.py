"""Metamodel 2.0 (also 2.0.1) as suppliers still send it, made 3.1.

It imports ``metamodel`` and ``errors``, and offers ``environment_from_xml``, ``is_v2`` and
``converted``: XML becomes the JSON of 2.0, which becomes an environment of 3.1 and findings for all
that had to change.
"""
