"""A disk with no room through a client: its own error, no part left. Usage: full_disk.py e2b|novita sync|async"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "platform" / "python"))
from either import done, raised  # noqa: E402
from packages import load, run_to_the_end  # noqa: E402

module = load(sys.argv[1])
FILL = "free=$(df --output=avail -B1 /dev/shm | tail -1); head -c $((free - 2000000)) /dev/zero > /dev/shm/filler"


async def main():
    Sandbox = module.Sandbox if sys.argv[2] == "sync" else module.AsyncSandbox
    sandbox = await done(Sandbox.create(timeout=300))
    try:
        await done(sandbox.commands.run(FILL))
        await raised(module.NotEnoughSpaceException, lambda: sandbox.files.write("/dev/shm/new", b"x" * 8_000_000))
        assert not await done(sandbox.files.exists("/dev/shm/new"))
        await done(sandbox.files.remove("/dev/shm/filler"))
        await done(sandbox.files.write("/dev/shm/new", b"x" * 8_000_000))
        assert (await done(sandbox.files.get_info("/dev/shm/new"))).size == 8_000_000
    finally:
        await done(sandbox.kill())


run_to_the_end(main())
