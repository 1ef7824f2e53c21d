"""A client of the benchmark that is an agent on VOLTTRON's own Python library: agent.py <settings as JSON>.

Takes orders and answers them over the socket in NODE_CHANNEL_FD, a line of JSON each; what they mean stands in ../orders.ts.
Ends when the other side closes it.
Publishes and calls go through the library's public methods, as an author would write them.
"""
from gevent import monkey

monkey.patch_all()

import json
import os
import socket
import sys
import time
from pathlib import Path

import gevent
from gevent.event import Event
from gevent.pool import Pool

from volttron.client.vip.agent import Agent
from volttron.types.agent_context import AgentOptions
from volttron.types.auth.auth_credentials import VolttronCredentials

START_SECONDS = 30
ANSWER_SECONDS = 60
LOOK_SECONDS = 0.02
# The library asks two questions before each publish: more than one at a time, or it would mostly wait.
PUBLISHES_IN_FLIGHT = 64
# What a reading takes on the wire beside its text, so that it has about the bytes asked for.
READING_BYTES = 60


def main():
    settings = json.loads(sys.argv[1])
    client = Client(start_agent(settings["identity"], settings["address"]))
    channel = socket.socket(fileno=int(os.environ["NODE_CHANNEL_FD"]))

    def answer(what):
        channel.sendall(json.dumps(what).encode() + b"\n")

    def carry_out(order):
        try:
            answer({"did": order["do"], **(client.orders[order["do"]](order) or {})})
        except Exception as error:
            answer({"did": "fail", "order": order["do"], "message": repr(error)})

    answer({"did": "start"})
    for line in channel.makefile("r"):
        order = json.loads(line)
        if order["do"] == "heard":
            gevent.spawn(carry_out, order)
        else:
            carry_out(order)
    client.agent.core.stop(timeout=1)
    os._exit(0)


def start_agent(identity, address):
    file = Path(os.environ["VOLTTRON_HOME"]) / "credentials_store" / f"{identity}.json"
    options = AgentOptions(enable_store=False, heartbeat_autostart=False)
    agent = Agent(credentials=VolttronCredentials.load_from_file(file), options=options, address=address)
    started = Event()
    gevent.spawn(agent.core.run, started)
    if not started.wait(START_SECONDS):
        sys.exit(f"{identity} is not connected to {address} after {START_SECONDS} s")
    return agent


class Client:

    def __init__(self, agent):
        self.agent = agent
        self.orders = {
            "subscribe": self.subscribe,
            "listen": self.listen,
            "heard": self.heard,
            "publish": self.publish,
            "serve": self.serve,
            "request": self.request,
        }
        self.listen(None)

    def subscribe(self, order):
        subscribing = self.agent.vip.pubsub.subscribe("pubsub", order["topic"], self.on_message, all_platforms=True)
        subscribing.get(timeout=ANSWER_SECONDS).get(timeout=ANSWER_SECONDS)

    def on_message(self, peer, sender, bus, topic, headers, message):
        self.last_at = time.monotonic()
        if self.messages == 0:
            self.first_at = self.last_at
        self.messages += 1

    def listen(self, order):
        self.messages = 0
        self.first_at = self.last_at = 0.0

    def heard(self, order):
        asked_at = time.monotonic()
        silence_seconds = order["silenceMs"] / 1000
        while self.messages < order["messages"]:
            if time.monotonic() - max(asked_at, self.last_at) > silence_seconds:
                break
            gevent.sleep(LOOK_SECONDS)
        return {
            "messages": self.messages,
            "seconds": self.last_at - self.first_at,
            "firstAtMs": self.first_at * 1000,
            "latenciesMs": [],
        }

    def publish(self, order):
        text = "x" * max(0, order["bytes"] - (READING_BYTES if order["json"] else 0))

        def publish_one(sent):
            reading = {"sensor": "zone-temperature", "value": 21.5, "text": text, "sent": sent}
            publishing = self.agent.vip.pubsub.publish(
                "pubsub", order["topic"], headers={}, message=reading if order["json"] else text)
            publishing.get(timeout=ANSWER_SECONDS)

        if order.get("awaited"):
            for sent in range(order["messages"]):
                publish_one(sent)
        else:
            run_all(Pool(PUBLISHES_IN_FLIGHT), publish_one, range(order["messages"]))

    def serve(self, order):
        self.agent.vip.rpc.export(lambda body: body, "echo")

    def request(self, order):
        peer = order["name"].split("/")[-1]
        body = "x" * order["bytes"]
        started_at = time.monotonic()
        end_at = started_at + order["durationMs"] / 1000

        def ask_on_and_on(_):
            requests = 0
            while time.monotonic() < end_at:
                self.agent.vip.rpc.call(peer, "echo", body).get(timeout=ANSWER_SECONDS)
                requests += 1
            return requests

        requests = run_all(Pool(order["inFlight"]), ask_on_and_on, range(order["inFlight"]))
        return {"requests": sum(requests), "seconds": time.monotonic() - started_at}


def run_all(pool, function, arguments):
    """Like pool.map, but keeps no more of the arguments at a time than the pool takes."""
    running = [pool.spawn(function, argument) for argument in arguments]
    gevent.joinall(running, raise_error=True)
    return [one.value for one in running]


main()
