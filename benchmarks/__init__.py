"""Repeatable measurements: ratios within one run, never asserted in tests. `make bench` prints
them.
"""
