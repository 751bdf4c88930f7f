"""Results as tables of Markdown."""

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
    """The median, and the spread of the rounds."""
    if not found:
        return "–"
    middle, low, high = statistics.median(found), min(found), max(found)
    if len(found) == 1 or low == high:
        return f"{middle:,.{decimals}f}"
    return f"{middle:,.{decimals}f} ({low:,.{decimals}f}–{high:,.{decimals}f})"


def table(title: str, rows: Mapping[str, list[Figures]], columns: list[Column]) -> str:
    """A row for each result, with a column of their names before the others."""
    lines = [f"| {title} | " + " | ".join(column.title for column in columns) + " |"]
    lines.append("|---|" + "---:|" * len(columns))
    for name, rounds in rows.items():
        cells = [cell(values(rounds, column.key), column.decimals) for column in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def ratio(results: Results, name: str, base: str, key: str) -> str:
    """How many times as large one median is as another."""
    ours, theirs = (median(results.get(row, []), key) for row in (name, base))
    return f"{ours / theirs:.2f}" if ours is not None and theirs else "–"


def machine() -> str:
    """The machine, as reports tell it."""
    info = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(": ")[1] for line in info if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} × {model}, {platform.system()} {platform.release()}"
