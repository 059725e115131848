"""What differs between two versions of a template, told by what it means for instances.

``matching`` says which prototypes are the same, ``elements`` what of them changed; imports the core
of ``templates`` and ``metamodel``, and offers ``comparer.compare`` and ``changes``.
"""
