"""Runs of servers, each pinned to one CPU, and of loadtest on another."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from options import Options
from servers import Server

START_SECONDS_MAX = 20
RUN_SECONDS_MAX = 900
# The largest part of a program's output that is shown if it fails, from its end.
OUTPUT_CHARS_MAX = 500

# The figures of one round, by name.
Figures = dict[str, float]
# The rounds that succeeded, by case.
Results = dict[str, list[Figures]]
# Failures of a run, as opposed to failures of the benchmark.
FAILURES = (RuntimeError, OSError, subprocess.TimeoutExpired)


def cpus() -> tuple[int, int]:
    """The CPU for the server and the one for the load generator."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pinned(cpu: int, priority: int = os.SCHED_OTHER) -> Callable[[], None]:
    """A function that pins a new process to one CPU, before it executes a program."""

    def pin() -> None:
        os.sched_setaffinity(0, {cpu})
        os.sched_setscheduler(0, priority, os.sched_param(0))

    return pin


def rounds(options: Options, title: str, cases: dict[str, Callable[[], Figures]]) -> Results:
    """Runs all cases in turn, round after round."""
    results: Results = {name: [] for name in cases}
    names = list(cases)
    for number in range(options.rounds):
        # Each round begins with another case, so that other load affects all equally.
        first = number % len(names)
        for name in names[first:] + names[:first]:
            try:
                figures = cases[name]()
            except FAILURES as error:
                print(f"round {number + 1}, {title}, {name} failed: {error}", flush=True)
                continue
            results[name].append(figures)
            told = ", ".join(f"{key} {value:.4g}" for key, value in figures.items())
            print(f"round {number + 1}, {title}, {name}: {told}", flush=True)
    return results


def await_port(port: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise RuntimeError("it does not listen")


def end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(START_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Running:
    """A running server."""

    server: Server
    port: int
    pid: int


@contextmanager
def running(options: Options, server: Server) -> Iterator[Running]:
    """Starts a server in a folder of its own, for as long as the block takes."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        # A server started by root may drop its privileges before it reads its configuration.
        folder.chmod(0o755)
        port = free_port()
        with (folder / "output").open("w+") as output:
            process = subprocess.Popen(
                server.command(server.path(options.built), folder, port),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=pinned(cpus()[0]),
            )
            try:
                await_port(port, process)
                yield Running(server, port, process.pid)
            except RuntimeError as error:
                output.seek(0)
                raise RuntimeError(f"{error}\n{output.read()[-OUTPUT_CHARS_MAX:]}") from None
            finally:
                end(process)


def command(options: Options, target: Running, load: list[str], figures: Path) -> list[str]:
    """The command line of loadtest against a server."""
    server = target.server
    words = [str(options.built / "loadtest"), "--server", f"127.0.0.1:{target.port}"]
    words += ["--server-pid", str(target.pid), "--protocol", server.protocol]
    return words + ["--logins", str(server.logins), "--json", str(figures), *load]


def run(options: Options, target: Running, load: list[str]) -> dict:
    """Runs loadtest against a running server, and returns its report."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        done = subprocess.run(
            command(options, target, load, figures),
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS_MAX,
            preexec_fn=pinned(cpus()[1]),
        )
        if done.returncode != 0:
            raise RuntimeError((done.stderr or done.stdout)[-OUTPUT_CHARS_MAX:].strip())
        return json.loads(figures.read_text())


def run_alone(options: Options, server: Server, load: list[str]) -> dict:
    """Runs loadtest against a server of its own, and returns its report."""
    with running(options, server) as target:
        return run(options, target, load)


@dataclass(frozen=True)
class Background:
    """A loadtest that runs while something else is measured."""

    process: subprocess.Popen
    figures: Path

    def stop(self) -> dict:
        """Ends it, and returns its report."""
        self.process.send_signal(signal.SIGINT)
        output, _ = self.process.communicate(timeout=RUN_SECONDS_MAX)
        if self.process.returncode != 0:
            raise RuntimeError(output[-OUTPUT_CHARS_MAX:].strip())
        return json.loads(self.figures.read_text())


@contextmanager
def background(
    options: Options, target: Running, load: list[str], priority: int = os.SCHED_OTHER
) -> Iterator[Background]:
    """Runs loadtest on the load generator's CPU, for as long as the block takes."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        process = subprocess.Popen(
            command(options, target, load, figures),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=pinned(cpus()[1], priority),
        )
        try:
            yield Background(process, figures)
        finally:
            end(process)
