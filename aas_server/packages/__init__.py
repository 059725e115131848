"""The packages room: environments as JSON, XML and AASX, in and out, and the package library.

It imports ``repository`` and below, and offers ``PackageLibrary``, ``read_package`` with
``import_contents``, ``select`` and the writers of every format.
"""
