"""The bindings room: elements of the model fed from machines and brokers, and written back to them.

The plant file, and interface descriptions with mappings among the submodels (``aid``), say what
feeds which element and how its value is converted; a plan compiles them against the repository into
bindings, and the protocols under this room (``opcua``, ``mqtt``, ``amqp``, ``http``, ``elements``)
keep them running and report how they fare. Methods of machines carry out Operations likewise.
``onboarding`` proposes all of that for a machine never seen before. It imports ``operations``,
``repository``, ``live`` and ``metamodel``; only ``runtime`` and ``cli`` import it. It offers
``load_plant_file``, ``Plan``, ``BindingService``, ``check`` and ``status_submodel``.
"""
