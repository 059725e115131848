"""The messages room: what MQTT and AMQP share, for brokers deliver payloads and know no nodes.

A route is one subscription and the bindings that it feeds. A message waits in a bounded inbox until
it is decoded (JSON, text, bytes), what the binding names is taken out of it (member, timestamp,
quality), and it becomes a live value; silence and the broker's own marks (retained, redelivered,
last will) become quality. It imports what ``bindings`` may import, and no client of any broker.
"""
