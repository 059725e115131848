"""The plant file: which source of which machine feeds which element, and how (YAML, version 1).

``file`` reads it, ``base`` has what all protocols share, and each protocol a module with its
connections and its rows. Settings are frozen and compare by value, so that plans can be compared
whatever they were made from. It imports ``yaml_files`` and ``errors``; the rest of ``bindings``
imports it.
"""
