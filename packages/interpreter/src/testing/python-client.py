"""Runs code through the published Python client. Its addresses are in the environment."""

from e2b import NotFoundException, TimeoutException
from e2b_code_interpreter import Sandbox

sandbox = Sandbox.create()
printed = []
execution = sandbox.run_code(
    "print('é')\ndisplay({'text/html': '<b>', 'x/y': 'z'}, raw=True)\n[1, 2]",
    on_stdout=lambda message: printed.append(message.line),
)
assert execution.text == "[1, 2]", execution
assert execution.results[1].json == [1, 2], execution
assert execution.results[0].html == "<b>", execution
assert execution.results[0].extra == {"x/y": "z"}, execution
assert printed == execution.logs.stdout == ["é\n"], printed
assert sandbox.run_code("1/0").error.name == "ZeroDivisionError"
assert sandbox.run_code("process.env.A", language="js", envs={"A": "b"}).text == "b"
context = sandbox.create_code_context(language="bash", cwd="/tmp")
assert sandbox.run_code("pwd", context=context).logs.stdout == ["/tmp\n"]
assert context.id in [found.id for found in sandbox.list_code_contexts()]
sandbox.restart_code_context(context)
sandbox.remove_code_context(context)
try:
    sandbox.run_code("pwd", context=context)
    raise AssertionError("a removed context runs")
except NotFoundException:
    pass
try:
    sandbox.run_code("import time\nwhile True: time.sleep(0.1)", timeout=0.3)
    raise AssertionError("a cell without end ends")
except TimeoutException:
    pass
assert sandbox.run_code("2").text == "2"
print("done")
