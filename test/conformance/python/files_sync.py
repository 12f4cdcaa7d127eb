"""Files, metadata, polled watchers and signed URLs through the synchronous client. Usage: files_sync.py e2b|novita"""

import io
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "platform" / "python"))
from packages import load, raises  # noqa: E402

name = sys.argv[1]
module = load(name)
Sandbox = module.Sandbox
NOT_FOUND = getattr(module, "FileNotFoundException", module.NotFoundException)


def events_until(watch, wanted):
    """Polls until every (type, name) of wanted was told."""
    seen = []
    deadline = time.monotonic() + 20
    while not all(event in seen for event in wanted):
        assert time.monotonic() < deadline, seen
        seen += [(event.type.value, event.name) for event in watch.get_new_events()]
        time.sleep(0.05)
    return seen


sandbox = Sandbox.create(timeout=300)
try:
    data = bytes(range(256)) * 8192
    sandbox.files.write("bin", data)
    assert bytes(sandbox.files.read("bin", format="bytes")) == data
    sandbox.files.write("file-like", io.BytesIO(data))
    assert b"".join(sandbox.files.read("file-like", format="stream")) == data
    for options in ({"gzip": True}, {"use_octet_stream": True}, {"gzip": True, "use_octet_stream": True}):
        sandbox.files.write("packed", data, **options)
        assert bytes(sandbox.files.read("packed", format="bytes", gzip=True)) == data, options
    sandbox.files.write("empty", "")
    assert sandbox.files.read("empty") == ""
    files = [{"path": f"many/{i}.txt", "data": f"n{i}"} for i in range(20)]
    written = sandbox.files.write_files(files) if hasattr(sandbox.files, "write_files") else sandbox.files.write(files)
    assert [entry.path for entry in written] == [f"/home/user/many/{i}.txt" for i in range(20)], written
    assert len(sandbox.files.list("many")) == 20
    assert sandbox.files.make_dir("made") is True
    assert sandbox.files.make_dir("made") is False
    info = sandbox.files.get_info("many/3.txt")
    assert (info.size, info.owner, info.permissions) == (2, "user", "-rw-r--r--"), info
    sandbox.commands.run("ln -s many/3.txt link")
    assert sandbox.files.get_info("link").symlink_target == "/home/user/many/3.txt"
    sandbox.files.rename("many", "renamed")
    assert sandbox.files.read("renamed/7.txt") == "n7"
    sandbox.files.remove("renamed")
    assert not sandbox.files.exists("renamed")
    raises(NOT_FOUND, lambda: sandbox.files.read("renamed/7.txt"))
    raises(module.InvalidArgumentException, lambda: sandbox.files.read("/etc"))
    raises(module.InvalidArgumentException, lambda: sandbox.files.read("a\0b"))
    raises(module.InvalidArgumentException, lambda: sandbox.files.list("a\0b"))
    if name == "e2b":
        sandbox.files.write("meta", "x", metadata={"author": "ann"})
        assert sandbox.files.get_info("meta").metadata == {"author": "ann"}
        sandbox.files.write("meta", "y")
        assert not sandbox.files.get_info("meta").metadata

    watch = sandbox.files.watch_dir("made", recursive=True)
    sandbox.files.write("made/sub/one", "1")
    events_until(watch, [("create", "sub"), ("create", "sub/one")])
    sandbox.files.write("made/sub/one", "2")
    events_until(watch, [("write", "sub/one")])
    sandbox.files.remove("made/sub/one")
    events_until(watch, [("remove", "sub/one")])
    watch.stop()
    if name == "e2b":
        watch = sandbox.files.watch_dir("made", include_entry=True)
        sandbox.files.write("made/described", "12345")
        sizes = []
        deadline = time.monotonic() + 20
        while 5 not in sizes:
            assert time.monotonic() < deadline, sizes
            sizes += [event.entry.size for event in watch.get_new_events() if event.entry]
            time.sleep(0.05)
        watch.stop()
    raises(NOT_FOUND, lambda: sandbox.files.watch_dir("missing"))

    sandbox.files.write("signed", "by url")
    # By the gateway's own name, as in a browser: the URL says all.
    url = sandbox.download_url("signed", use_signature_expiration=60)
    if name == "novita":
        url = f"https://{sandbox.get_host(49983)}/{url.split('/', 3)[3]}"
    headers = ["-H", f"E2b-Sandbox-Id: {sandbox.sandbox_id}", "-H", "E2b-Sandbox-Port: 49983"]
    page = subprocess.run(["curl", "-sS", "--max-time", "60", *headers, url], capture_output=True, text=True, check=True)
    assert page.stdout == "by url", page.stdout
finally:
    sandbox.kill()
print("scenario passed")
