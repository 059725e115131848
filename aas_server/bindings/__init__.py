"""The bindings room: elements of the model fed from nodes of machines, and written back to them.

The plant file says which node feeds which element and how its value is converted; a plan compiles
it against the repository into bindings, and the protocols under this room (``opcua``) keep them
running and report how they fare. Methods of machines carry out Operations likewise. It imports
``operations``, ``repository``, ``live`` and ``metamodel``; only ``runtime`` imports it. It offers
``load_plant_file``, ``plan``, ``BindingService``, ``check`` and ``status_submodel``.
"""
