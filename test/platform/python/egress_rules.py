"""Rules for outgoing traffic, as the Python package of e2b sends them. Argument: a name server that alone knows only.test."""

import json
import sys

from e2b import Sandbox

network = {
    "allow_out": lambda ctx: list(ctx.rules.keys()),
    "deny_out": lambda ctx: [ctx.all_traffic],
    "rules": {"only.test": [{"transform": {"headers": {"Authorization": "Bearer python-4712"}}}]},
    "egress_proxy": {"address": "socks.test:1080", "username": "someone", "password": "socks-secret"},
    "dns_servers": [sys.argv[1]],
}

sandbox = Sandbox.create(network=network)
try:
    answer = json.loads(sandbox.commands.run("curl -s -m 5 https://only.test/").stdout)
    assert "Bearer python-4712" in answer["headers"], answer
    closed = sandbox.commands.run("curl -s -m 5 http://other.test/ || echo closed").stdout
    assert closed.strip() == "closed", closed
    shown = sandbox.get_info().network
    assert shown["dns_servers"] == network["dns_servers"], shown
    assert shown["egress_proxy"] == {"address": "socks.test:1080", "username": "someone"}, shown
    assert "socks-secret" not in str(shown), shown
finally:
    sandbox.kill()
print("scenario passed")
