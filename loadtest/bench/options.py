"""The options of the benchmark."""

import argparse
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """The options, from the command line."""

    # The folder with the programs chatsrv and loadtest.
    built: Path
    # The folder for the results.
    out: Path
    # The folder for large files and filled stores.
    scratch: Path
    # True if these are kept, to be used again.
    keep: bool
    # The names of the measures to take.
    measures: list[str]
    rounds: int
    receivers: int
    # The number of idle connections.
    idle: int
    # The duration of one measurement of broadcasts or downloads.
    seconds: int
    # The names of the servers; None for all.
    only: list[str] | None
    # True if all sizes are small, for a test of the benchmark itself.
    quick: bool


def parse(measures: list[str]) -> Options:
    """Parses the command line, and fills in defaults."""
    parser = argparse.ArgumentParser(
        description="Measures chatsrv beside the floors and the servers of other projects."
    )
    parser.add_argument("--built", type=Path, required=True, help="folder of chatsrv and loadtest")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--scratch", type=Path, help="folder for large files [OUT/scratch]")
    parser.add_argument("--keep", action="store_true", help="leave them there for the next run")
    parser.add_argument(
        "--measures", nargs="+", choices=measures, default=measures, metavar="MEASURE",
        help="what to measure: " + ", ".join(measures) + " [all]",
    )
    parser.add_argument("--rounds", type=int, help="of each measure [3]")
    parser.add_argument("--receivers", type=int, help="of broadcasts [2000]")
    parser.add_argument("--idle", type=int, help="connections that are only there [19000]")
    parser.add_argument("--seconds", type=int, help="of one measure of broadcasts [5]")
    parser.add_argument("--only", nargs="*", help="servers, by name")
    parser.add_argument("--quick", action="store_true", help="small and short: does it work?")
    given = parser.parse_args()
    rounds, receivers, idle, seconds = (1, 200, 500, 1) if given.quick else (3, 2_000, 19_000, 5)
    return Options(
        built=given.built.absolute(),
        out=given.out.absolute(),
        scratch=(given.scratch or given.out / "scratch").absolute(),
        keep=given.keep,
        measures=given.measures,
        rounds=given.rounds or rounds,
        receivers=given.receivers or receivers,
        idle=given.idle or idle,
        seconds=given.seconds or seconds,
        only=given.only,
        quick=given.quick,
    )
