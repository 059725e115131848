"""A device that publishes JSON to many topics at a steady rate; each value is the time it was sent.

Usage: python -m benchmarks.mqtt_source PORT TOPICS MESSAGES_PER_SECOND
"""

from __future__ import annotations

import sys
import time

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

TICK = 0.01


def main() -> None:
    port, topics, rate = map(int, sys.argv[1:])
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    began, sent = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - began) * rate)
        for number in range(sent, due):
            now = time.time()
            payload = f'{{"data": {{"value": {now}}}, "ts": {int(now * 1000)}}}'
            client.publish(f"bench/{number % topics}", payload)
        sent = max(sent, due)
        time.sleep(TICK)


main()
