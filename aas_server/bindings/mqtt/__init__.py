"""The MQTT room: topics of a broker that feed elements, and take what clients write.

A connection holds one client to one broker (3.1.1 or 5, TCP or TLS), subscribes the topics of its
bindings and hands what arrives to the routes of ``messages``; ``sparkplug`` reads Sparkplug B. It
imports what ``bindings`` may import, aiomqtt and paho below it.
"""
