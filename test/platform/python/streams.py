"""Streams that are open when a sandbox falls asleep. Usage: streams.py e2b|novita sync|async"""

import asyncio
import sys
import threading

from packages import load, run_to_the_end, states

module = load(sys.argv[1])
State = states(module)
LIFECYCLE = {"on_timeout": "pause", "auto_resume": True}
PAUSED = "The sandbox was paused"


def outcome(handle):
    """What the wait for a command ends with. A client that asks for the sandbox's health does so before it raises."""
    try:
        return handle.wait()
    except module.SandboxException as error:
        return error


async def outcome_async(handle):
    """As outcome()."""
    try:
        return await handle.wait()
    except module.SandboxException as error:
        return error


def check_end(error):
    assert isinstance(error, module.SandboxException), repr(error)
    assert PAUSED in str(error), repr(error)


def sync_client():
    sandbox = module.Sandbox.create(timeout=300, lifecycle=LIFECYCLE)
    try:
        sandbox.files.write("notes.txt", "remember me")
        for fall_asleep in (sandbox.pause, lambda: sandbox.set_timeout(1)):
            read_later = sandbox.commands.run("sleep 1000", background=True, timeout=0)
            busy = sandbox.commands.run("while true; do echo tick; sleep 0.01; done", background=True, timeout=0)
            ends = []
            reader = threading.Thread(target=lambda: ends.append(outcome(busy)))
            reader.start()
            fall_asleep()
            reader.join()
            ends.append(outcome(read_later))
            for end in ends:
                check_end(end)
            assert sandbox.get_info().state == State.PAUSED, "woken by its own stream"
            assert sandbox.files.read("notes.txt") == "remember me"
            assert sandbox.get_info().state == State.RUNNING
    finally:
        sandbox.kill()


async def async_client():
    sandbox = await module.AsyncSandbox.create(timeout=300, lifecycle=LIFECYCLE)
    try:
        await sandbox.files.write("notes.txt", "remember me")
        for fall_asleep in (sandbox.pause, lambda: sandbox.set_timeout(1)):
            commands = ("sleep 1000", "while true; do echo tick; sleep 0.01; done")
            handles = [await sandbox.commands.run(command, background=True, timeout=0) for command in commands]
            await fall_asleep()
            for end in await asyncio.gather(*map(outcome_async, handles)):
                check_end(end)
            assert (await sandbox.get_info()).state == State.PAUSED, "woken by its own stream"
            assert await sandbox.files.read("notes.txt") == "remember me"
            assert (await sandbox.get_info()).state == State.RUNNING
    finally:
        await sandbox.kill()


if sys.argv[2] == "async":
    run_to_the_end(async_client())
sync_client()
print("scenario passed")
