"""JSON Schema of the ValueOnly form of a template: what ``$value`` shows of its instances.

``scalars`` and ``leaves`` say how values of each type are written, ``names`` what members of a
level are called; imports the core of ``templates`` and ``metamodel``, and offers
``schema.value_schema``.
"""
