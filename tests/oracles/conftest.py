"""Oracles have an environment of their own (``make test-oracles``); elsewhere none is collected."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("pyam") else ["test_*.py"]
