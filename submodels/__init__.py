"""Our submodel templates, one folder each, and the tables and scripts that write their JSON.

``python -m submodels.build`` writes every ``template.json`` and ``example.json``; ``definitions``
says what they hold, ``authoring`` how it becomes JSON. Imports the standard library only; the JSON
is shipped, the Python is not.
"""
