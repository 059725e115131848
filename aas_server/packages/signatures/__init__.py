"""Signatures of packages: OPC digital signatures, XML-DSig with X.509 (ECMA-376 part 2).

It imports the container of a package, ``clock`` and ``errors``, and offers ``sign_package``,
``verify_package`` and ``require_trusted``; whom to trust it is told through ``Trust``.
"""
