"""Care of a store: copies, restoring, looking for damage, letting go of what is not needed.

Everything works over a connection in a transaction, so that it serves every ``SqlStore``.
"""
