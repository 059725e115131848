"""The interop room: documents as objects of other kits, and back.

It imports ``packages`` and ``repository``; each kit is an extra that need not be installed.
"""
