"""httpx with HTTP/2 to the API and to a server inside a sandbox. Usage: http2.py <url of the https door>"""

import os
import ssl
import sys

import httpx
from e2b import Sandbox

url = sys.argv[1]
trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
sandbox = Sandbox.create(timeout=60, lifecycle={"on_timeout": "pause", "auto_resume": True})
try:
    sandbox.commands.run("mkdir -p site && head -c 3000000 /dev/zero > site/zeros")
    sandbox.commands.run("python3 -m http.server 3000", background=True, cwd="/home/user/site", timeout=0)
    with httpx.Client(http2=True, verify=trust, base_url=url, timeout=60) as client:
        listed = client.get("/v2/sandboxes", headers={"X-API-Key": os.environ["E2B_API_KEY"]})
        assert (listed.status_code, listed.http_version) == (200, "HTTP/2"), listed
        assert sandbox.sandbox_id in [entry["sandboxID"] for entry in listed.json()], listed.text
        route = {"E2b-Sandbox-Id": sandbox.sandbox_id, "E2b-Sandbox-Port": "3000"}
        sandbox.pause()
        looked = client.get("/zeros?wake=false", headers=route)
        assert (looked.status_code, looked.http_version) == (409, "HTTP/2"), looked
        woken = client.get("/zeros", headers=route)
        assert (woken.status_code, woken.content) == (200, bytes(3_000_000)), woken
        missing = client.post("/none", headers=route, content=(b"part" for _ in range(100)))
        assert missing.status_code == 501, missing
finally:
    assert sandbox.kill()
print("scenario passed")
