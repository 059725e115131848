"""The query room: the AAS query language, from its JSON form to the documents that it finds.

``parsing`` turns JSON into the typed tree of ``expression`` (conditions of access rules are the
same tree), ``fields`` knows what may be asked for, ``values`` compares as XPath does,
``evaluation`` tells whether one document is meant. It imports ``repository``, ``registry``,
``live``, ``store`` and ``metamodel``; ``api`` and ``cli`` import it.
"""
