"""The whole lifecycle through the synchronous client. Usage: scenario_sync.py e2b|novita"""

import subprocess
import sys
import time

from packages import ASK, AWAIT_READY, COUNTER, load, states

module = load(sys.argv[1])
Sandbox, State = module.Sandbox, states(module)
sandbox = Sandbox.create(timeout=60, lifecycle={"on_timeout": "pause", "auto_resume": True}, metadata={"run": "sync & co"})
try:
    sandbox.files.write("notes.txt", "remember me")
    sandbox.files.write("counter.py", COUNTER)
    counter = sandbox.commands.run("exec python3 counter.py", background=True, timeout=0)
    sandbox.commands.run(AWAIT_READY)
    pid, before = map(int, sandbox.commands.run(ASK.format(pid=counter.pid)).stdout.split())
    sandbox.commands.run("mkdir -p site && echo hello from inside > site/index.html")
    sandbox.commands.run("python3 -m http.server 3000", background=True, cwd="/home/user/site", timeout=0)

    sandbox.pause()
    assert sandbox.get_info().state == State.PAUSED, sandbox.get_info()
    assert sandbox.files.read("notes.txt") == "remember me"
    assert sandbox.get_info().state == State.RUNNING
    again, after = map(int, sandbox.commands.run(ASK.format(pid=counter.pid)).stdout.split())
    assert (again, after > before) == (pid, True), (pid, before, again, after)

    sandbox.beta_pause()
    url = f"https://{sandbox.get_host(3000)}/"
    page = subprocess.run(["curl", "-sS", "--max-time", "60", url], capture_output=True, text=True, check=True).stdout
    assert page == "hello from inside\n", page
    assert sandbox.is_running()

    sandbox.pause()
    found = []
    pages = Sandbox.list(query=module.SandboxQuery(state=[State.PAUSED], metadata={"run": "sync & co"}), limit=1)
    while pages.has_next:
        found += [entry.sandbox_id for entry in pages.next_items()]
    assert found == [sandbox.sandbox_id], found

    resumed = Sandbox.connect(sandbox.sandbox_id, timeout=120)
    assert resumed.files.read("notes.txt") == "remember me"
    try:
        resumed.commands.run("exit 7")
        raise AssertionError("a failed command must raise")
    except module.CommandExitException as error:
        assert error.exit_code == 7
    resumed.set_timeout(1)
    deadline = time.monotonic() + 30
    while sandbox.get_info().state != State.PAUSED:
        assert time.monotonic() < deadline, "not paused when its time was up"
        time.sleep(0.1)
finally:
    assert sandbox.kill()
try:
    Sandbox.connect(sandbox.sandbox_id)
    raise AssertionError("connect to a killed sandbox must raise")
except module.NotFoundException:
    pass
print("scenario passed")
