"""Submodel templates: read, found by what they mean, instantiated, validated against, checked.

Works on decoded documents; imports ``packages``, ``repository`` and ``metamodel``, and offers
``TemplateCatalog``, ``Template`` and what is done with them.
"""
