"""The operation table: every operation that the API has, declared once.

Routing, rights, ``/description``, the OpenAPI document, metrics and the tests read it. It imports
``metamodel`` only; ``table`` offers ``OPERATIONS`` and ``BASE_PATHS``, ``operation`` the types. The
other modules declare one group of services each, as (resource x content) wherever a resource is
offered in several forms or at several paths.
"""
