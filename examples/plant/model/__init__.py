"""The documents of the four machines as the server loads them, and in ``tables`` what they say.

``python -m examples.plant.build_model`` writes the JSON from the tables; nothing here is for
import at run time.
"""
