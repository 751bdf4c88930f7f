"""What a measure is."""

from collections.abc import Callable
from dataclasses import dataclass

from options import Options
from runs import Results


def draw_nothing(_options: Options, _results: Results) -> None:
    """For measures without a picture."""


@dataclass(frozen=True)
class Measure:
    """Something that is measured in rounds and told as text."""

    name: str
    title: str
    # Makes all rounds.
    take: Callable[[Options], Results]
    # Tells what they came to, as Markdown.
    text: Callable[[Options, Results], str]
    # Leaves pictures in the folder of the results.
    draw: Callable[[Options, Results], None] = draw_nothing
