"""Pages that tell people what is in a template: a tree with types, units, rules and examples.

``facts`` gathers what is told, ``markdown_page`` and ``html_page`` write it down; templates are
hostile input, so every text is escaped. Imports the core of ``templates`` and ``metamodel``.
"""
