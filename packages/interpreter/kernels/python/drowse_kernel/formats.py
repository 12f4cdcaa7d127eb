"""What results look like beyond IPython's own formats. Nothing here imports what a cell has not imported."""

import base64
import json

from IPython.core.formatters import BaseFormatter, JSONFormatter
from traitlets import ObjectName, Unicode

from .channel import encode

# Larger lists and maps go as text alone: as JSON they would double the answer for a client that asked for none.
JSON_LIMIT = 1 << 20


class DataFormatter(BaseFormatter):
    """Columns of a data frame."""

    format_type = Unicode("e2b/data")
    print_method = ObjectName("_repr_e2b_data_")
    _return_type = (dict, str)


class ChartFormatter(BaseFormatter):
    """What a figure shows, as numbers."""

    format_type = Unicode("e2b/chart")
    print_method = ObjectName("_repr_e2b_chart_")
    _return_type = (dict, str)

    def pop(self, typ, default=None):
        """Keeps what it has: matplotlib's inline backend takes figures from every format before it adds its own."""
        return default


class PlainJSONFormatter(JSONFormatter):
    """Lists and maps as they are."""

    def __call__(self, obj):
        if isinstance(obj, (list, dict)):
            try:
                line = encode(obj)
            except (TypeError, ValueError, RecursionError):
                return None
            if len(line) > JSON_LIMIT:
                return None
            return json.loads(line)
        return super().__call__(obj)


def install_formats(shell):
    """Adds the formats to a shell."""
    formatters = shell.display_formatter.formatters
    for name, kind in (
        ("e2b/data", DataFormatter),
        ("e2b/chart", ChartFormatter),
        ("application/json", PlainJSONFormatter),
    ):
        formatters[name] = kind(parent=shell.display_formatter)
    formatters["e2b/data"].for_type_by_name("pandas.core.frame", "DataFrame", frame_data)
    # pandas 3 says that its classes live in "pandas" itself.
    formatters["e2b/data"].for_type_by_name("pandas", "DataFrame", frame_data)
    formatters["e2b/chart"].for_type_by_name("matplotlib.figure", "Figure", figure_chart)


def frame_data(frame):
    """Gives the columns of a data frame as lists, times as ISO text."""
    columns = {}
    for index, name in enumerate(frame.columns):
        columns[str(name)] = [cell_value(value) for value in frame.iloc[:, index].tolist()]
    return columns


def cell_value(value):
    """Gives a value that JSON can hold."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if value == value else None
    if hasattr(value, "isoformat"):
        # Not-a-time is a time too.
        return value.isoformat() if value == value else None
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "item"):
        return cell_value(value.item())
    if isinstance(value, (list, tuple)):
        return [cell_value(entry) for entry in value]
    return str(value)


def figure_chart(figure):
    """Gives what a matplotlib figure shows; None for one that cannot be read."""
    from .charts import chart_of_figure

    try:
        return chart_of_figure(figure)
    except Exception:
        return None


def wire_data(data):
    """Turns what the formatters give into what JSON can hold: images become base64."""
    return {
        name: base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        for name, value in data.items()
        if value is not None
    }
