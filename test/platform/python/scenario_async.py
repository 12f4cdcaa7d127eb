"""The whole lifecycle through the asynchronous client. Usage: scenario_async.py e2b|novita"""

import asyncio
import sys

from packages import ASK, AWAIT_READY, COUNTER, load, run_to_the_end, states

module = load(sys.argv[1])
Sandbox, State = module.AsyncSandbox, states(module)


async def main():
    sandbox = await Sandbox.create(
        timeout=60, lifecycle={"on_timeout": "pause", "auto_resume": True}, metadata={"run": "async"}
    )
    try:
        await sandbox.files.write("notes.txt", "remember me")
        await sandbox.files.write("counter.py", COUNTER)
        counter = await sandbox.commands.run("exec python3 counter.py", background=True, timeout=0)
        await sandbox.commands.run(AWAIT_READY)
        pid, before = map(int, (await sandbox.commands.run(ASK.format(pid=counter.pid))).stdout.split())

        await sandbox.pause()
        assert (await sandbox.get_info()).state == State.PAUSED
        reads = await asyncio.gather(*(sandbox.files.read("notes.txt") for _ in range(5)))
        assert reads == ["remember me"] * 5, reads
        assert (await sandbox.get_info()).state == State.RUNNING
        again, after = map(int, (await sandbox.commands.run(ASK.format(pid=counter.pid))).stdout.split())
        assert (again, after > before) == (pid, True), (pid, before, again, after)

        lines = []
        await sandbox.commands.run("for i in 1 2 3; do echo $i; done", on_stdout=lines.append)
        assert "".join(lines) == "1\n2\n3\n", lines

        await sandbox.pause()
        pages = Sandbox.list(query=module.SandboxQuery(state=[State.PAUSED], metadata={"run": "async"}))
        found = [entry.sandbox_id for entry in await pages.next_items()]
        assert found == [sandbox.sandbox_id], found
        resumed = await Sandbox.connect(sandbox.sandbox_id)
        assert await resumed.is_running()
        assert await resumed.files.exists("notes.txt")
        assert not await resumed.files.exists("nothing.txt")
    finally:
        assert await sandbox.kill()
    try:
        await Sandbox.connect(sandbox.sandbox_id)
        raise AssertionError("connect to a killed sandbox must raise")
    except module.NotFoundException:
        pass


run_to_the_end(main())
