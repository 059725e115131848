"""A plant of four simulated machines of four vendors, each an OPC UA server process of its own.

``python -m examples.plant`` runs it; ``launcher.Plant`` runs it from code; ``plant.yaml`` binds
its nodes to the submodels in ``model``. ``physics`` says what the machines do, ``vendors`` how
each vendor shows it, ``opcua`` and ``server`` serve it. What runs the plant imports asyncua and
PyYAML, nothing of ``aas_server``.
"""
