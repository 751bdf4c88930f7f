"""Formats results as tables in Markdown."""

import os
import platform
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from runs import Figures, Results


class Column(NamedTuple):
    """A column of a table."""

    title: str
    # The name of the figure.
    key: str
    decimals: int


def values(rounds: list[Figures], key: str) -> list[float]:
    return [figures[key] for figures in rounds if key in figures]


def median(rounds: list[Figures], key: str) -> float | None:
    found = values(rounds, key)
    return statistics.median(found) if found else None


def cell(found: list[float], decimals: int) -> str:
    """A cell: the median, and the spread of the rounds."""
    if not found:
        return "–"
    middle, low, high = statistics.median(found), min(found), max(found)
    if len(found) == 1 or low == high:
        return f"{middle:,.{decimals}f}"
    return f"{middle:,.{decimals}f} ({low:,.{decimals}f}–{high:,.{decimals}f})"


def table(title: str, rows: Mapping[str, list[Figures]], columns: list[Column]) -> str:
    """A table with a row for each result, and a first column of their names."""
    lines = [f"| {title} | " + " | ".join(column.title for column in columns) + " |"]
    lines.append("|---|" + "---:|" * len(columns))
    for name, rounds in rows.items():
        cells = [cell(values(rounds, column.key), column.decimals) for column in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def ratio(results: Results, name: str, base: str, key: str) -> str:
    """The ratio of two medians."""
    ours, theirs = (median(results.get(row, []), key) for row in (name, base))
    return f"{ours / theirs:.2f}" if ours is not None and theirs else "–"


def machine() -> str:
    """The description of the machine in reports."""
    info = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(": ")[1] for line in info if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} × {model}, {platform.system()} {platform.release()}"
