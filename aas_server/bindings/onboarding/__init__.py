"""Onboarding: what a machine tells about itself becomes documents that make it a live shell.

From the tree of its nodes (``opcua.address_space``) this room makes the submodels that show it,
Asset Interfaces Description and Mapping Configuration, and the plant file for what these cannot
say; a second run is merged into what the user has made of the first. It may import the bindings,
the templates and all below; it talks to no machine and writes nowhere but into the folder given.
"""
