"""How each vendor shows its machine: namespaces, names, node ids, units, types and languages.

The address spaces are tables (``description``); nothing here serves or moves anything. May import
``physics`` and asyncua's data types; ``catalogue.VENDORS`` offers the four by machine key.
"""
