"""The OpenAPI document: the operation table with the schemas of everything that travels.

``metamodel``, ``values`` and ``messages`` declare the schemas in a compact notation (``notation``);
``parameters``, ``responses`` and ``examples`` the other components; ``document`` puts together the
whole document, or one for each service that holds nothing but its own. It imports the operation
table and ``metamodel``.
"""
