"""The operations room: Operations of submodels carried out, at once or as jobs.

Arguments are checked against the declared variables before anything runs, results before anybody
sees them; machines' methods are registered by ``bindings``, HTTP delegates and the functions of
plugins are this room's own. It imports ``repository`` and below, and offers ``OperationService``,
``Executor``, ``Jobs`` and, for plugins, ``aas_server.operations.plugin``.
"""
