"""Files, metadata and streamed watching through the asynchronous client. Usage: files_async.py e2b|novita"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "platform" / "python"))
from packages import load, run_to_the_end  # noqa: E402

name = sys.argv[1]
module = load(name)


async def main():
    sandbox = await module.AsyncSandbox.create(timeout=300)
    try:
        data = bytes(range(256)) * 8192
        await sandbox.files.write("bin", data)
        assert bytes(await sandbox.files.read("bin", format="bytes")) == data
        stream = await sandbox.files.read("bin", format="stream")
        assert b"".join([chunk async for chunk in stream]) == data
        for options in ({"gzip": True}, {"use_octet_stream": True}):
            await sandbox.files.write("packed", data, **options)
            assert bytes(await sandbox.files.read("packed", format="bytes", gzip=True)) == data, options
        await asyncio.gather(*(sandbox.files.write(f"many/{i}", f"n{i}") for i in range(20)))
        assert len(await sandbox.files.list("many")) == 20
        texts = await asyncio.gather(*(sandbox.files.read(f"many/{i}") for i in range(20)))
        assert texts == [f"n{i}" for i in range(20)], texts
        if name == "e2b":
            await sandbox.files.write("meta", "x", metadata={"author": "ann"})
            assert (await sandbox.files.get_info("meta")).metadata == {"author": "ann"}

        seen = []
        complete = asyncio.Event()
        wanted = [("create", "sub"), ("write", "sub/two"), ("remove", "sub/two")]

        def on_event(event):
            seen.append((event.type.value, event.name))
            if all(pair in seen for pair in wanted):
                complete.set()

        watch = await sandbox.files.watch_dir("many", on_event, recursive=True)
        await sandbox.files.write("many/sub/one", "1")
        await sandbox.files.write("many/sub/two", "1")
        await sandbox.files.write("many/sub/two", "2")
        await sandbox.files.remove("many/sub/two")
        try:
            await asyncio.wait_for(complete.wait(), 20)
        except asyncio.TimeoutError:
            raise AssertionError(seen)
        await watch.stop()
    finally:
        await sandbox.kill()


run_to_the_end(main())
