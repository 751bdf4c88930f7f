"""Large files for downloads, in a temporary folder."""

import os
from pathlib import Path

from options import Options

BLOCK_BYTES = 1024 * 1024
MEBIBYTE = 1024 * 1024


def shared_file(options: Options, name: str, mebibytes: int) -> Path:
    """Creates a file of that size in the shared folder unless it exists, and returns its path."""
    folder = options.scratch / "files"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if path.exists() and path.stat().st_size == mebibytes * MEBIBYTE:
        return path
    # The content can't be compressed, in case that the file system tries to.
    block = os.urandom(BLOCK_BYTES)
    with path.open("wb") as file:
        for _ in range(mebibytes * MEBIBYTE // BLOCK_BYTES):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return path


def drop_from_cache(path: Path) -> None:
    """Drops a file from the page cache, so that reading it waits for the disk again."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)


def cached_share(path: Path, probes: int = 256) -> float:
    """The share of a file that is in the page cache, estimated from a number of samples."""
    file = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(file).st_size
        found = sum(is_cached(file, size * number // probes) for number in range(probes))
        return found / probes
    finally:
        os.close(file)


def is_cached(file: int, offset: int) -> bool:
    try:
        return os.preadv(file, [bytearray(1)], offset, os.RWF_NOWAIT) > 0
    except BlockingIOError:
        return False
