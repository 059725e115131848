"""What the documents of the four machines say, one module a machine; ``machine`` is its form.

``nameplate`` declares the published template that the nameplates follow. Imports ``submodels``.
"""
