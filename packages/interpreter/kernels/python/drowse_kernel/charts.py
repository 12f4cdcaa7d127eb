"""What matplotlib figures show, in the fields of the clients' own chart types."""

import re
from datetime import date

import numpy
from matplotlib.collections import PathCollection
from matplotlib.dates import _SwitchableDateConverter, num2date
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle, Wedge
from matplotlib.text import Text

UNIT = re.compile(r"\s\((.*?)\)|\[(.*?)\]")
# Digits that are shown of a computed number: more are the noise of its computation.
DIGITS = 8


def chart_of_figure(figure):
    """Gives the chart of a figure with one plot, a superchart for several, None for none."""
    axes = figure.get_axes()
    if not axes:
        return None
    if len(axes) == 1:
        return chart_of_axes(axes[0])
    title = figure.get_suptitle() if hasattr(figure, "get_suptitle") else ""
    return {"type": "superchart", "title": title or None, "elements": [chart_of_axes(ax) for ax in axes]}


def chart_of_axes(ax):
    """Gives the chart of one plot."""
    kind = kind_of_axes(ax)
    chart = {"type": kind, "title": ax.get_title() or None, "elements": []}
    if kind in ("line", "scatter"):
        chart.update(labels_of(ax), **ticks_of(ax))
        chart["elements"] = lines_of(ax) if kind == "line" else points_of(ax)
    elif kind == "bar":
        chart.update(labels_of(ax))
        fill_bars(ax, chart)
    elif kind == "pie":
        chart["elements"] = [
            {"label": wedge.get_label(), "angle": rounded(abs(wedge.theta2 - wedge.theta1)), "radius": float(wedge.r)}
            for wedge in ax.patches
        ]
    elif kind == "box_and_whisker":
        chart.update(labels_of(ax))
        fill_boxes(ax, chart)
    return chart


def kind_of_axes(ax):
    """Tells the kind of a plot by what is drawn in it."""
    drawn = [item for item in ax._children if not isinstance(item, Text)]
    if all(isinstance(item, Line2D) for item in drawn):
        return "line"
    if all(isinstance(item, (PathPatch, Line2D)) for item in drawn):
        return "box_and_whisker"
    drawn = [item for item in drawn if not is_straight_across(item)]
    for kind, classes in (("scatter", PathCollection), ("pie", Wedge), ("bar", Rectangle)):
        if all(isinstance(item, classes) for item in drawn):
            return kind
    return "unknown"


def is_straight_across(item):
    """Whether an item is a line from edge to edge, as axhline() and axvline() draw it."""
    if not isinstance(item, Line2D):
        return False
    x, y = list(item.get_xdata()), list(item.get_ydata())
    return len(x) == 2 and (x == [0, 1] and y[0] == y[1] or y == [0, 1] and x[0] == x[1])


def labels_of(ax):
    """Gives the labels of both axes, and the units that stand in them in brackets."""
    fields = {}
    for name, label in (("x", ax.get_xlabel()), ("y", ax.get_ylabel())):
        unit = UNIT.search(label)
        fields[f"{name}_label"] = label or None
        fields[f"{name}_unit"] = (unit.group(1) or unit.group(2)) if unit else None
    return fields


def swap_labels(chart):
    """Swaps what belongs to the two axes."""
    for field in ("label", "unit"):
        chart[f"x_{field}"], chart[f"y_{field}"] = chart[f"y_{field}"], chart[f"x_{field}"]


def ticks_of(ax):
    """Gives ticks, their labels and the scale of both axes."""
    fields = {}
    for name, axis, scale in (("x", ax.xaxis, ax.get_xscale()), ("y", ax.yaxis, ax.get_yscale())):
        labels = [label.get_text() for label in axis.get_ticklabels()]
        if is_date_axis(axis):
            ticks, scale = [num2date(tick).isoformat() for tick in axis.get_ticklocs()], "datetime"
        else:
            ticks = [point_value(tick) for tick in axis.get_ticklocs()]
            if scale == "linear" and is_categorical(ticks, labels):
                scale = "categorical"
        fields.update({f"{name}_ticks": ticks, f"{name}_tick_labels": labels, f"{name}_scale": scale})
    return fields


def is_date_axis(axis):
    """Whether an axis shows dates."""
    converter = axis.get_converter() if hasattr(axis, "get_converter") else axis.converter
    return isinstance(converter, _SwitchableDateConverter)


def is_categorical(ticks, labels):
    """Whether ticks are the numbers from 0 on, under other names."""
    return all(
        isinstance(tick, (int, float)) and tick == index and str(index) != label
        for index, (tick, label) in enumerate(zip(ticks, labels))
    )


def lines_of(ax):
    """Gives the lines of a plot, but those from edge to edge."""
    return [
        {"label": own_label(line.get_label(), "_child", "Line"), "points": pairs(line.get_xdata(), line.get_ydata())}
        for line in ax.get_lines()
        if not is_straight_across(line)
    ]


def points_of(ax):
    """Gives the groups of points of a plot."""
    return [
        {"label": group.get_label(), "points": pairs(*zip(*group.get_offsets()))}
        for group in ax.collections
        if len(group.get_offsets())
    ]


def pairs(xs, ys):
    """Gives points that JSON can hold."""
    return [[point_value(x), point_value(y)] for x, y in zip(xs, ys)]


def point_value(value):
    """Gives a number, or the text of a date or a category."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, numpy.datetime64):
        return str(value.astype("datetime64[s]"))
    if isinstance(value, (str, int)):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


def own_label(label, prefix, word):
    """Names what the plot has no name for."""
    label = str(label)
    return f"{word} {int(label[len(prefix):])}" if re.fullmatch(prefix + r"\d+", label) else label


def fill_bars(ax, chart):
    """Adds the bars. Those that are equally high lie on their side."""
    for container in ax.containers:
        group = own_label(container.get_label(), "_container", "Group")
        bars = list(container)
        heights = [bar.get_height() for bar in bars]
        # One bar alone is as high as all: the axis with names tells.
        is_lying = all(height == heights[0] for height in heights) and not has_named_ticks(ax.xaxis, ax.yaxis)
        if is_lying:
            swap_labels(chart)
        labels = [label.get_text() for label in (ax.get_yticklabels() if is_lying else ax.get_xticklabels())]
        values = [bar.get_width() for bar in bars] if is_lying else heights
        chart["elements"] += [
            {"label": label, "group": group, "value": float(value)} for label, value in zip(labels, values)
        ]


def has_named_ticks(axis, other):
    """Whether the one axis shows names and the other does not."""

    def is_named(axis):
        return type(axis.get_major_locator()).__name__ in ("StrCategoryLocator", "FixedLocator")

    return is_named(axis) and not is_named(other)


def fill_boxes(ax, chart):
    """Adds the boxes: their edges are quartiles, the line in one is its median, the lines out of it end at its extremes."""
    boxes = [box_of(patch) for patch in ax.patches]
    is_lying = bool(boxes) and not all(box["wide"] == boxes[0]["wide"] for box in boxes)
    is_lying = is_lying or has_named_ticks(ax.yaxis, ax.xaxis)
    labels = [label.get_text() for label in (ax.get_yticklabels() if is_lying else ax.get_xticklabels())]
    if is_lying:
        swap_labels(chart)
    for box in boxes:
        box["across"], box["along"] = (box["y"], box["x"]) if is_lying else (box["x"], box["y"])
        first, third = box["along"]
        box.update(min=first, median=None, max=third, outliers=[])
    for line in ax.lines:
        across, along = points_of_line(line, is_lying)
        if not across:
            continue
        box = next((box for box in boxes if box["across"][0] <= min(across) and max(across) <= box["across"][1]), None)
        if box is not None:
            take_line(box, across, along)
    chart["elements"] = [
        {
            "label": label,
            "min": box["min"],
            "first_quartile": box["along"][0],
            "median": box["median"] if box["median"] is not None else box["along"][0],
            "third_quartile": box["along"][1],
            "max": box["max"],
            "outliers": box["outliers"],
        }
        for label, box in zip(labels, boxes)
    ]


def box_of(patch):
    """Gives the extent of a box."""
    vertices = patch.get_path().vertices
    x = (rounded(min(vertices[:, 0])), rounded(max(vertices[:, 0])))
    y = (rounded(min(vertices[:, 1])), rounded(max(vertices[:, 1])))
    return {"x": x, "y": y, "wide": rounded(x[1] - x[0])}


def points_of_line(line, is_lying):
    """Gives the ends of a line across the boxes and along them."""
    x, y = [rounded(value) for value in line.get_xdata()], [rounded(value) for value in line.get_ydata()]
    return (y, x) if is_lying else (x, y)


def take_line(box, across, along):
    """Tells what a line at a box is: its median goes all the way across, its whiskers begin at its edges, points are outliers."""
    first, third = box["along"]
    is_level = len(along) == 2 and along[0] == along[1]
    if is_level and first <= along[0] <= third and (min(across), max(across)) == box["across"]:
        box["median"] = along[0]
    elif len(along) == 2 and not is_level and across[0] == across[1]:
        if max(along) == first:
            box["min"] = min(along)
        elif min(along) == third:
            box["max"] = max(along)
    elif not is_level:
        box["outliers"] += along


def rounded(value):
    """Cuts the noise off a computed number."""
    value = float(value)
    return float(f"{value:.{DIGITS}g}") if numpy.isfinite(value) else value
