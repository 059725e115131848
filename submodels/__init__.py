"""Our submodel templates, one folder each, and the scripts that write their JSON.

``python -m submodels.build`` compiles every ``template.yaml`` and fills every ``example.yaml`` with
the template engine. Imports ``aas_server``; YAML and JSON are shipped, the Python is not.
"""
