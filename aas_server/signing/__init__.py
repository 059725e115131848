"""The signing room: documents as JWS, with a key of the server's own or a configured one.

It imports ``clock`` and ``errors``, and offers ``DocumentSigner``.
"""
