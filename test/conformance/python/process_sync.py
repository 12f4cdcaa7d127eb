"""Processes and terminals through the synchronous client. Usage: process_sync.py e2b|novita"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "platform" / "python"))
from packages import load, raises  # noqa: E402

name = sys.argv[1]
module = load(name)
Sandbox = module.Sandbox


def pids(sandbox):
    return [process.pid for process in sandbox.commands.list()]


sandbox = Sandbox.create(timeout=300, envs={"FROM_CREATE": "create"})
try:
    result = sandbox.commands.run("echo out $FROM_CREATE $CALL; echo err >&2", envs={"CALL": "call"}, cwd="/usr")
    assert (result.stdout, result.stderr, result.exit_code) == ("out create call\n", "err\n", 0), result
    failure = raises(module.CommandExitException, lambda: sandbox.commands.run("echo no >&2; exit 7"))
    assert (failure.exit_code, failure.stderr, failure.error) == (7, "no\n", "exit status 7"), failure
    assert sandbox.commands.run("whoami", user="root").stdout == "root\n"
    assert "ghost" in str(raises(Exception, lambda: sandbox.commands.run("true", user="ghost")))
    assert "does not exist" in str(raises(Exception, lambda: sandbox.commands.run("true", cwd="/nowhere")))
    raises(module.InvalidArgumentException, lambda: sandbox.commands.run("echo " + "x" * 10_000_000))
    raises(module.InvalidArgumentException, lambda: sandbox.commands.run("echo a\0b"))
    raises(module.TimeoutException, lambda: sandbox.commands.run("sleep 300", timeout=1))
    if name == "e2b":  # Novita's client decodes each chunk by itself and loses characters that are split between two
        assert sandbox.commands.run("printf 'äöü€😀%.0s' $(seq 9000)").stdout == "äöü€😀" * 9000

    cat = sandbox.commands.run("cat", background=True, stdin=True, timeout=0)
    assert cat.pid in pids(sandbox)
    sandbox.commands.send_stdin(cat.pid, "one\n")
    cat.disconnect()
    again = sandbox.commands.connect(cat.pid, timeout=0)
    if name == "e2b":
        sandbox.commands.stream_input(cat.pid, (f"part {number}\n" for number in range(3)))
        sandbox.commands.close_stdin(cat.pid)
        assert again.wait().stdout.endswith("part 0\npart 1\npart 2\n")
    else:
        assert sandbox.commands.kill(cat.pid)
        assert raises(module.CommandExitException, again.wait).exit_code == -1
    assert sandbox.commands.kill(cat.pid) is False
    raises(module.NotFoundException, lambda: sandbox.commands.connect(999_999))

    pty = sandbox.pty.create(module.PtySize(rows=24, cols=80), timeout=0)
    sandbox.pty.resize(pty.pid, module.PtySize(rows=50, cols=132))
    sandbox.pty.send_stdin(pty.pid, b"KEPT=kept; tty; stty size; exec 3>&1\n")
    sandbox.pty.send_stdin(pty.pid, b"echo first''line\n")
    screen = b""
    for _, _, data in pty:
        screen += data or b""
        if b"firstline\r\n" in screen:
            break
    assert b"/dev/pts/" in screen and b"50 132\r\n" in screen, screen
    pty.disconnect()
    sandbox.pause()
    sandbox = Sandbox.connect(sandbox.sandbox_id, timeout=300)
    assert pty.pid in pids(sandbox)
    pty = sandbox.pty.connect(pty.pid, timeout=0)
    if name == "e2b":
        sandbox.pty.stream_input(pty.pid, [b"echo still $KE", b"PT; exit 3\n"])
    else:
        sandbox.pty.send_stdin(pty.pid, b"echo still $KEPT; exit 3\n")
    seen = []
    assert raises(module.CommandExitException, lambda: pty.wait(on_pty=seen.append)).exit_code == 3
    assert b"still kept\r\n" in b"".join(seen), seen
    assert sandbox.pty.kill(pty.pid) is False
finally:
    sandbox.kill()
print("scenario passed")
