"""The smallest changes to Python VOLTTRON that mend its federation; Python itself loads this file from PYTHONPATH.

VOLTTRON_INTEROP_PATCHES names those wanted, with commas; nothing is changed without it.

joined-contexts     volttron-lib-auth 2.0.0rc13 checks nobody's key: its socket for ZeroMQ's questions (RFC 27) and the router are
                    in two contexts of ZeroMQ, which know nothing of each other. This makes them one.
key-answers         With the contexts joined, the loop that answers those questions ends at the first platform or stranger that
                    connects: the key of another platform is stored without a secret key and read as one that has it, an unknown
                    key raises KeyError, and the code for a refusal uses names that do not exist. This answers 200 or 400.
changed-platforms   When the registry shows another key or address of a platform, volttron-lib-zmq 2.0.0rc11 closes sockets in two
                    threads while its router polls them in a third, which mostly ends it. This leaves the closing to one, and has
                    the router poll again, without the closed ones.
"""
import errno
import importlib.abc
import importlib.util
import os
import sys


def join_contexts():
    import zmq
    from zmq import green

    green.Context._instance = green.Context.shadow(zmq.Context.instance().underlying)
    green.Context._instance_pid = os.getpid()


def answer_keys(module):
    def zap_loop(self):
        while True:
            request = self.zap_socket.recv_multipart()
            key = module.encode_key(request[8]) if request[7] == b"CURVE" else None
            entry = self._credentials_store._publickey_map.get(key)
            verdict = [b"200", b"SUCCESS", entry["identity"].encode(), b""] if entry else [b"400", b"FAIL", b"", b""]
            self.zap_socket.send_multipart(request[:4] + verdict)

    module.ZapAuthenticator.zap_loop = zap_loop


def close_once(module):
    module.FederationService._disconnect_platform = lambda self, platform: None


def poll_again(module):
    poll_sockets = module.Router.poll_sockets

    def poll_what_is_open(self):
        try:
            poll_sockets(self)
        except (OSError, module.ZMQError) as error:
            if self.socket.closed or error.errno not in (errno.EBADF, errno.ENOTSOCK):
                raise

    module.Router.poll_sockets = poll_what_is_open


ZMQ = "volttron.messagebus.zmq."
MODULES = {
    "key-answers": {"volttron.auth.zap.zap_authenticator": answer_keys},
    "changed-platforms": {
        ZMQ + "routing.federation_service": close_once,
        ZMQ + "router.router": poll_again,
    },
}


class Patcher(importlib.abc.MetaPathFinder):

    def __init__(self, patches):
        self.patches = patches

    def find_spec(self, name, path, target=None):
        patch = self.patches.pop(name, None)
        if patch is None:
            return None
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            patch(module)

        spec.loader.exec_module = exec_module
        return spec


wanted = [name for name in os.environ.get("VOLTTRON_INTEROP_PATCHES", "").split(",") if name]
if "joined-contexts" in wanted:
    join_contexts()
patches = {module: patch for name in wanted for module, patch in MODULES.get(name, {}).items()}
sys.meta_path.insert(0, Patcher(patches))
