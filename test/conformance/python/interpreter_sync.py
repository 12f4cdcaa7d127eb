"""Code through the synchronous client. Usage: interpreter_sync.py MODULE"""

import importlib
import sys

Sandbox = importlib.import_module(sys.argv[1]).Sandbox

sandbox = Sandbox.create()
try:
    lines = []
    execution = sandbox.run_code("print('out')\nx = 1\nx + 1", on_stdout=lambda message: lines.append(message.line))
    assert execution.text == "2", execution
    assert "".join(lines) == "out\n", lines
    assert execution.logs.stdout == lines, execution.logs

    failed = sandbox.run_code("undefined_name")
    assert failed.error.name == "NameError", failed
    assert "undefined_name" in failed.error.traceback, failed

    context = sandbox.create_code_context(cwd="/tmp", language="python")
    assert sandbox.run_code("import os; os.getcwd()", context=context).text == "/tmp"
    assert sandbox.run_code("x").text == "1"
    assert sandbox.run_code("[1, 2].length", language="js").text == "2"

    table = sandbox.run_code("import pandas as pd; pd.DataFrame({'a': [1, 2]})", timeout=100).results[0]
    assert table.data == {"a": [1, 2]}, table.data

    chart = sandbox.run_code(
        "import matplotlib.pyplot as plt; plt.plot([1, 2], label='l'); plt.title('T'); plt.show()", timeout=100
    ).results[0]
    assert chart.png and chart.chart.title == "T", chart

    sandbox.pause()
    sandbox.connect()
    assert sandbox.run_code("x").text == "1"
finally:
    sandbox.kill()
print("scenario passed")
