"""Agents on VOLTTRON's own Python library, led by a test: agents.py <address of the platform>.

Takes orders on stdin and tells on stdout, a line of JSON each. An order is {"id", "agent", "do", ...}; it is answered by
{"id", "result"} or {"id", "error"}, not always in the order of asking. What agents hear is told unasked, as
{"agent", "event", ...}. Values of VOLTTRON travel as JSON text inside a string, in Python's spelling: JSON of others has
neither NaN nor integers of any size. What is right is for the test to say.
"""
from gevent import monkey

monkey.patch_all()

import json
import logging
import os
import sys
from pathlib import Path

import gevent
from gevent.event import Event
from gevent.fileobject import FileObjectPosix

from volttron.client.vip.agent import RPC, Agent
from volttron.types.agent_context import AgentOptions
from volttron.types.auth.auth_credentials import VolttronCredentials

# Far above what a loaded machine needs.
ANSWER_SECONDS = 30


class LedAgent(Agent):
    """An agent as an author writes it, whose methods the tests call."""

    def __init__(self, tell, settings, **kwargs):
        super().__init__(**kwargs)
        self.tell = tell
        self.started = Event()
        self.vip.peerlist.onadd.connect(lambda sender, peer, **_: tell("peer-added", peer=peer))
        self.vip.peerlist.ondrop.connect(lambda sender, peer, **_: tell("peer-dropped", peer=peer))
        self.core.onconnected.connect(lambda sender, **_: tell("connected"))
        if hasattr(self.vip, "config"):
            for name, contents in settings.get("defaults", {}).items():
                self.vip.config.set_default(name, json.loads(contents))
            self.vip.config.subscribe(self.on_config, pattern="*")

    def on_config(self, name, action, contents):
        self.tell("config", name=name, action=action, contents=json.dumps(contents))

    def on_message(self, peer, sender, bus, topic, headers, message):
        self.tell("message", sender=sender, bus=bus, topic=topic, headers=headers, message=json.dumps(message))

    @RPC.export
    def echo(self, *args, **kwargs):
        return [list(args), kwargs]

    @RPC.export
    def add(self, first, second=2):
        """Adds two numbers."""
        return first + second

    @RPC.export
    def divide(self, by: int):
        return 1 / by

    @RPC.export
    def who_calls(self):
        message = self.vip.rpc.context.vip_message
        return [message.peer, message.user]

    @RPC.export
    def call_on(self, peer, method, *args):
        """Calls somebody else before it answers."""
        return self.vip.rpc.call(peer, method, *args).get(timeout=ANSWER_SECONDS)

    @RPC.export
    def note(self, text):
        self.tell("noted", text=text)


class Stage:

    def __init__(self, address, write):
        self.address = address
        self.write = write
        self.agents = {}

    def start(self, identity, order):
        settings = order.get("settings", {})
        file = Path(os.environ["VOLTTRON_HOME"]) / "credentials_store" / f"{identity}.json"
        agent = LedAgent(
            lambda event, **what: self.write(agent=identity, event=event, **what),
            settings,
            credentials=VolttronCredentials.load_from_file(file),
            options=AgentOptions(**{"heartbeat_autostart": False, **settings.get("options", {})}),
            address=self.address,
        )
        running = gevent.spawn(agent.core.run, agent.started)
        running.link(lambda ended: self.write(agent=identity, event="ended", why=repr(ended.exception)))
        self.agents[identity] = agent
        if not agent.started.wait(ANSWER_SECONDS):
            raise TimeoutError(f"{identity} is not connected to {self.address} after {ANSWER_SECONDS} s")

    def stop(self, identity, order):
        self.agents.pop(identity).core.stop(timeout=ANSWER_SECONDS)

    def subscribe(self, identity, order):
        agent = self.agents[identity]
        return wait(agent.vip.pubsub.subscribe("pubsub", order["prefix"], agent.on_message, **order.get("options", {})),
                    order)

    def unsubscribe(self, identity, order):
        agent = self.agents[identity]
        return wait(agent.vip.pubsub.unsubscribe("pubsub", order["prefix"], agent.on_message), order)

    def vip(self, identity, order):
        """Any method of agent.vip by its name, as in "pubsub.publish"."""
        method = self.agents[identity].vip
        for name in order["method"].split("."):
            method = getattr(method, name)
        return wait(method(*json.loads(order["args"]), **json.loads(order["kwargs"])), order)

    def send(self, identity, order):
        """Frames to the platform that no method of the library sends."""
        self.agents[identity].core.connection.send_vip(
            "", order["subsystem"], args=json.loads(order["args"]), msg_id="sent.by.hand", user=identity)

    def batch(self, identity, order):
        """Like agent.vip.rpc.batch, which builds the same request and then fails on a field its results do not have."""
        agent = self.agents[identity]
        request, results = agent.vip.rpc._dispatcher.batch_call(json.loads(order["calls"]))
        agent.core.connection.send_vip(order["peer"], "RPC", [request], msg_id="batch.of.calls")
        return [waited_for(one, order) for one in results]

    def burst(self, identity, order):
        """Publishes 0, 1, 2... without waiting in between."""
        publish = self.agents[identity].vip.pubsub.publish
        publishing = [publish("pubsub", order["topic"], headers={}, message=n) for n in range(order["messages"])]
        for one in publishing:
            wait(one, order)

    def carry_out(self, order):
        try:
            result = getattr(self, order["do"])(order["agent"], order)
            self.write(id=order["id"], result=json.dumps(result))
        except (Exception, gevent.Timeout) as error:
            self.write(id=order["id"], error=described(error))


def wait(result, order):
    """What a call of the library comes to: it answers with greenlets, results to wait for, and greenlets of such."""
    while hasattr(result, "get") and hasattr(result, "ready"):
        result = result.get(timeout=order.get("seconds", ANSWER_SECONDS))
    return result


def waited_for(one, order):
    """One result of a batch, which may be an error."""
    try:
        return wait(one, order)
    except Exception as error:
        return {"error": described(error)}


def described(error):
    return {
        "type": type(error).__name__,
        "text": str(error),
        "code": getattr(error, "code", getattr(error, "errno", None)),
        "message": str(getattr(error, "message", "")),
        "exc_info": {name: str(what) for name, what in getattr(error, "exc_info", {}).items()},
    }


def main():
    # What the library or an author prints must not come between the lines.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    logging.basicConfig(level=os.environ.get("LEVEL", "WARNING"), stream=sys.stderr)

    def write(**what):
        out.write(json.dumps(what) + "\n")
        out.flush()

    stage = Stage(sys.argv[1], write)
    for line in FileObjectPosix(0, "r"):
        gevent.spawn(stage.carry_out, json.loads(line))
    os._exit(0)


main()
