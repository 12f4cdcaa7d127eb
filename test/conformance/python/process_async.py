"""Processes and terminals through the asynchronous client. Usage: process_async.py e2b|novita"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "platform" / "python"))
from packages import load, run_to_the_end  # noqa: E402

name = sys.argv[1]
module = load(name)
Sandbox = module.AsyncSandbox


async def raises(kind, awaitable):
    try:
        await awaitable
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


async def until(holds):
    for _ in range(600):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("waited for nothing")


async def main():
    sandbox = await Sandbox.create(timeout=300)
    try:
        results = await asyncio.gather(*(sandbox.commands.run(f"echo {number}") for number in range(10)))
        assert [result.stdout for result in results] == [f"{number}\n" for number in range(10)], results
        failure = await raises(module.CommandExitException, sandbox.commands.run("exit 7"))
        assert failure.exit_code == 7
        await raises(module.InvalidArgumentException, sandbox.commands.run("echo " + "x" * 10_000_000))
        await raises(module.TimeoutException, sandbox.commands.run("sleep 300", timeout=1))

        seen = [[], []]
        cat = await sandbox.commands.run("cat", background=True, stdin=True, timeout=0, on_stdout=seen[0].append)
        second = await sandbox.commands.connect(cat.pid, timeout=0, on_stdout=seen[1].append)
        if name == "e2b":
            stream = sandbox.commands.stream_input(cat.pid)
            for number in range(3):
                await stream.send(f"part {number}\n")
                await until(lambda: "".join(seen[0]).endswith(f"part {number}\n"))
            await stream.close()
            await sandbox.commands.close_stdin(cat.pid)
            for handle in (cat, second):
                assert (await handle.wait()).exit_code == 0
            assert ["".join(part) for part in seen] == ["part 0\npart 1\npart 2\n"] * 2, seen
        else:
            await sandbox.commands.send_stdin(cat.pid, "one\n")
            await until(lambda: "".join(seen[1]) == "one\n")
            assert await sandbox.commands.kill(cat.pid)
            for handle in (cat, second):
                assert (await raises(module.CommandExitException, handle.wait())).exit_code == -1

        screen = bytearray()
        pty = await sandbox.pty.create(module.PtySize(rows=24, cols=80), on_data=screen.extend, timeout=0)
        await sandbox.pty.resize(pty.pid, module.PtySize(rows=50, cols=132))
        await sandbox.pty.send_stdin(pty.pid, b"KEPT=kept; tty; stty size; echo first''line\n")
        await until(lambda: b"firstline\r\n" in screen)
        assert b"/dev/pts/" in screen and b"50 132\r\n" in screen, screen
        await pty.disconnect()
        await sandbox.pause()
        sandbox = await Sandbox.connect(sandbox.sandbox_id, timeout=300)
        assert pty.pid in [process.pid for process in await sandbox.commands.list()]
        pty = await sandbox.pty.connect(pty.pid, on_data=screen.extend, timeout=0)
        await sandbox.pty.send_stdin(pty.pid, b"echo still $KEPT; exit 3\n")
        assert (await raises(module.CommandExitException, pty.wait())).exit_code == 3
        assert b"still kept\r\n" in screen, screen
        assert await sandbox.pty.kill(pty.pid) is False
    finally:
        await sandbox.kill()


run_to_the_end(main())
