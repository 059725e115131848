"""The AMQP room: exchanges and queues of a broker that feed elements, and take what clients write.

A connection holds one client to one broker of AMQP 0-9-1, gives each routing key a short queue of
its own and hands what arrives to the routes of ``messages``. It imports what ``bindings`` may
import, and aio-pika.
"""
