"""The room of HTTP: servers that are polled, and written to.

Each address is asked once for all bindings that read it; what an answer says becomes a value by
the same rules as a broker's message. It imports ``messages`` and what ``bindings`` may import, and
offers ``HttpConnection``.
"""
