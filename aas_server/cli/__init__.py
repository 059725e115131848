"""The command line room: ``aas-server`` and its commands.

It reads options into ``Settings``, calls ``runtime`` and tells failures in words with an exit code:
0 done, 1 a check found something, 2 the configuration must be mended.
"""
