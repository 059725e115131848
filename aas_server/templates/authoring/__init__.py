"""Templates written by people: short YAML or pydantic models, compiled to template documents.

``source`` has the form, ``loading`` reads it from files, ``models`` from classes; ``resolving`` and
``compiling`` turn it into an environment. Imports ``templates``, ``metamodel`` and ``yaml_files``,
and offers ``compiled``, ``load_source``, ``source_of`` and ``source_schema``.
"""
