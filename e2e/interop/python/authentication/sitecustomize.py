"""Makes volttron-lib-auth 2.0.0rc13 check the keys of those who connect; loaded by Python itself from PYTHONPATH.

As released, nobody asks it: its socket for questions (ZeroMQ RFC 27) and the router are in two contexts of ZeroMQ, which know
nothing of each other. With the contexts joined, the first platform or stranger that connects ends the loop that answers, and
then nobody can connect any more: the key of another platform is stored without a secret key and read as one that has it, an
unknown key raises KeyError, and what should refuse it uses names that do not exist. So VOLTTRON_INTEROP_AUTHENTICATION says
how much is mended: "joined" the contexts only, "mended" the answers too.
"""
import importlib.abc
import importlib.util
import os
import sys

TARGET = "volttron.auth.zap.zap_authenticator"


def mend(module):
    def zap_loop(self):
        while True:
            request = self.zap_socket.recv_multipart()
            key = module.encode_key(request[8]) if request[7] == b"CURVE" else None
            entry = self._credentials_store._publickey_map.get(key)
            verdict = [b"200", b"SUCCESS", entry["identity"].encode(), b""] if entry else [b"400", b"FAIL", b"", b""]
            self.zap_socket.send_multipart(request[:4] + verdict)

    module.ZapAuthenticator.zap_loop = zap_loop


class Mender(importlib.abc.MetaPathFinder):

    def find_spec(self, name, path, target=None):
        if name != TARGET:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            mend(module)

        spec.loader.exec_module = exec_module
        return spec


def join_contexts():
    import zmq
    from zmq import green

    green.Context._instance = green.Context.shadow(zmq.Context.instance().underlying)
    green.Context._instance_pid = os.getpid()


wanted = os.environ.get("VOLTTRON_INTEROP_AUTHENTICATION")
if wanted:
    join_contexts()
if wanted == "mended":
    sys.meta_path.insert(0, Mender())
