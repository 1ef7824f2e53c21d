"""Runs a program of VOLTTRON: launch.py volttron|vctl <arguments>.

Both refuse to run as root, and tests and benchmarks in a container are often root: only their check is told otherwise.
"""
import os
import runpy
import sys

MODULES = {
    "volttron": "volttron.server",
    "vctl": "volttron.client.commands.control",
}

del sys.argv[0]
if os.getuid() == 0:
    os.getuid = lambda: 1
runpy.run_module(MODULES[sys.argv[0]], run_name="__main__", alter_sys=False)
