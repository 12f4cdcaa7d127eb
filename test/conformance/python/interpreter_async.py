"""Code through the asynchronous client. Usage: interpreter_async.py MODULE"""

import asyncio
import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "platform" / "python"))
from packages import run_to_the_end  # noqa: E402

AsyncSandbox = importlib.import_module(sys.argv[1]).AsyncSandbox


async def main():
    sandbox = await AsyncSandbox.create()
    try:
        results = []
        execution = await sandbox.run_code("a = 20\na + 1", on_result=lambda result: results.append(result.text))
        assert execution.text == "21" and results == ["21"], (execution, results)
        both = await asyncio.gather(
            sandbox.run_code("a"), sandbox.run_code("echo from bash", language="bash")
        )
        assert both[0].text == "20", both
        assert "".join(both[1].logs.stdout) == "from bash\n", both
        contexts = await sandbox.list_code_contexts()
        assert {"python", "bash"} <= {context.language for context in contexts}, contexts
    finally:
        await sandbox.kill()


run_to_the_end(main())
