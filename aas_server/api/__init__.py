"""The HTTP room: the AAS API over the repository, and the pages beside it.

One table declares every operation (``operations``); a trie over path segments leads to plain
functions that return status, headers and bytes (``dispatch``), hot reads are answered inside
uvicorn's parser (``fastlane``), pages come from FastAPI (``pages``). It imports ``repository``,
``live`` and ``metamodel``, never ``bindings``, and offers ``build_app`` and ``make_server``.
"""
