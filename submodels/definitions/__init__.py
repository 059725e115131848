"""What our templates hold: one module a template, the signals known by name, filled examples.

Imports ``submodels.authoring`` only.
"""
