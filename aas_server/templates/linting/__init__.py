"""What authors are told of their templates before anybody works with them.

One module for each thing that is looked at, all of them generators of ``LintFinding``; imports the
core of ``templates`` and ``metamodel``, and offers ``linter.lint`` and the table of codes.
"""
