"""Sparkplug B over MQTT: nodes that announce their metrics, their values, and their own death.

``payloads`` reads and writes the messages, ``node`` follows the life of one edge node with its
devices. It imports what ``mqtt`` may import.
"""
