"""The room of elements that show the value of other elements of this repository (AIMC 2.0, from
AAS to AAS). It imports what ``bindings`` may import, and offers ``ElementConnection``.
"""
