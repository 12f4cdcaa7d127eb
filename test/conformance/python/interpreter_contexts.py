"""Contexts, counts, languages and interrupts through a client. Usage: interpreter_contexts.py MODULE sync|async"""

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "platform" / "python"))
from either import done, raised  # noqa: E402
from packages import run_to_the_end  # noqa: E402

module = importlib.import_module(sys.argv[1])

CODE = {
    "python": "print(6 * 7)",
    "javascript": "console.log(6 * 7)",
    "js": "console.log(6 * 7)",
    "typescript": "const n: number = 7; console.log(6 * n)",
    "ts": "const m: number = 7; console.log(6 * m)",
    "bash": "echo $((6 * 7))",
    "r": "cat(6 * 7, '\\n', sep = '')",
    "java": "System.out.println(6 * 7);",
}


async def main():
    Sandbox = module.Sandbox if sys.argv[2] == "sync" else module.AsyncSandbox
    sandbox = await done(Sandbox.create(timeout=600, envs={"OF_SANDBOX": "sandbox"}))

    async def run(code, **options):
        return await done(sandbox.run_code(code, **options))

    try:
        for language, code in CODE.items():
            execution = await run(code, language=language, timeout=100)
            assert "".join(execution.logs.stdout) == "42\n", (language, execution)

        context = await done(sandbox.create_code_context(cwd="/tmp", language="python"))
        assert (context.language, context.cwd) == ("python", "/tmp"), context
        assert context.id in [one.id for one in await done(sandbox.list_code_contexts())]
        counts = [(await run(code, context=context)).execution_count for code in ("x = 1", "1/0", "x")]
        assert counts == [1, 2, 3], counts

        show = "import os; (os.environ.get('OF_SANDBOX'), os.environ.get('ONCE'))"
        envs = {"OF_SANDBOX": "over", "ONCE": "once"}
        assert (await run(show, context=context, envs=envs)).text == "('over', 'once')"
        assert (await run(show, context=context)).text == "('sandbox', None)"

        endless = "import time\nseen = False\ntry:\n  while True: time.sleep(0.1)\nexcept KeyboardInterrupt:\n  seen = True"
        await raised(Exception, lambda: sandbox.run_code(endless, context=context, timeout=2))
        after = await run("(seen, x)", context=context)
        assert after.text == "(True, 1)", after

        await done(sandbox.restart_code_context(context))
        assert (await run("x", context=context)).error.name == "NameError"
        await done(sandbox.remove_code_context(context.id))
        assert context.id not in [one.id for one in await done(sandbox.list_code_contexts())]
        assert "not found" in str(await raised(Exception, lambda: sandbox.run_code("1", context=context)))
        assert "not found" in str(await raised(Exception, lambda: sandbox.restart_code_context(context.id)))
        assert (await run("'well'")).text == "well"
    finally:
        await done(sandbox.kill())


run_to_the_end(main())
