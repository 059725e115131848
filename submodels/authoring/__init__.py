"""From compact tables to AAS documents: templates, filled instances, concept descriptions.

``declaration`` has the vocabulary of the tables, ``values`` that of what fills them; ``template``,
``instance`` and ``concepts`` turn both into the JSON of the metamodel 3.1. Imports the standard
library only and reads no file.
"""
