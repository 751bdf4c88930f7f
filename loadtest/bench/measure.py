"""The type of a measure."""

from collections.abc import Callable
from dataclasses import dataclass

from options import Options
from runs import Results


def draw_nothing(_options: Options, _results: Results) -> None:
    """The function of measures without pictures."""


@dataclass(frozen=True)
class Measure:
    """A measure: it is taken in rounds and reported as text."""

    name: str
    title: str
    # Runs all rounds.
    take: Callable[[Options], Results]
    # Reports the results, as Markdown.
    text: Callable[[Options, Results], str]
    # Draws pictures into the folder of the results.
    draw: Callable[[Options, Results], None] = draw_nothing
