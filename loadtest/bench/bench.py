#!/usr/bin/env python3
"""The benchmark of chatsrv, compared to the floors and to servers of other projects where it helps.

Each run has a server of its own, pinned to one CPU, with loadtest on another. Compared servers
take turns for several rounds. Every measure writes its tables as text and all figures as JSON.
"""

import datetime
import json
import os
import shlex
import shutil
import sys

import cold
import comparison
import downloads
import groups
import growth
import latency
import options as command_line
import readers
import store
from measure import Measure
from options import Options
from runs import Results
from servers import chatsrv_version
from tables import machine

MEASURES = [
    comparison.MEASURE,
    latency.MEASURE,
    downloads.MEASURE,
    cold.MEASURE,
    growth.MEASURE,
    groups.MEASURE,
    store.MEASURE,
    readers.MEASURE,
]


def command() -> str:
    """The command line that repeats this run."""
    if "MAKELEVEL" not in os.environ:
        return shlex.join(["python3", *sys.argv])
    given = sys.argv[1:]
    # The Makefile adds these two.
    for option in ("--built", "--out"):
        at = given.index(option)
        del given[at : at + 2]
    return f'make bench BENCH="{shlex.join(given)}"' if given else "make bench"


def report(options: Options, measure: Measure, results: Results) -> str:
    """The report of one measure: the machine and the tables."""
    return f"""# {measure.title}, {datetime.date.today().isoformat()}

{machine()}; chatsrv {chatsrv_version(options)}. Each server is pinned to one CPU and the generator
to another; CPU time is that of all threads, as the scheduler counts it. Medians of
{options.rounds} rounds, and their spread. Only the ratios count.

{measure.text(options, results).strip()}

Made by `{command()}`; `loadtest/bench/servers.py` tells how each server was started.
"""


def leave(options: Options, measure: Measure, results: Results) -> str:
    """Writes the results of one measure into its folder, and prints its report."""
    everything = {"machine": machine(), "chatsrv": chatsrv_version(options), "results": results}
    (options.out / f"{measure.name}.json").write_text(json.dumps(everything, indent=1) + "\n")
    text = report(options, measure, results)
    (options.out / f"{measure.name}.md").write_text(text)
    measure.draw(options, results)
    return text


def main() -> None:
    options = command_line.parse([measure.name for measure in MEASURES])
    if len(os.sched_getaffinity(0)) < 2:
        print("there is only one CPU: server and generator share it")
    options.out.mkdir(parents=True, exist_ok=True)
    options.scratch.mkdir(parents=True, exist_ok=True)
    texts = []
    try:
        for measure in MEASURES:
            if measure.name not in options.measures:
                continue
            results = measure.take(options)
            if any(results.values()):
                texts.append(leave(options, measure, results))
    finally:
        if not options.keep:
            shutil.rmtree(options.scratch)
    if not texts:
        sys.exit("nothing was measured")
    print("\n".join(texts))


if __name__ == "__main__":
    main()
