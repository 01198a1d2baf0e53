"""Pipes among the files of an import: they can be gone through once only, unless what they send is kept."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from service.imports.reading.files import STANDARD_INPUT, Source, open_file, standard_input


def is_pipe(name: str) -> bool:
    """Whether a file can be gone through once only."""
    return name == STANDARD_INPUT or Path(name).is_fifo()


@contextmanager
def kept(files: Sequence[str], piped: IO[bytes] | None) -> Iterator[Mapping[str, IO[bytes]]]:
    """The pipes among files, by their names, as files that can be gone through again.

    `piped` is what standard input is, if not the process's own. Raises `UnreadableFile` if there is none.
    """
    with ExitStack() as stack:
        pipes = {}
        for name in filter(is_pipe, files):
            pipes[name] = stack.enter_context(tempfile.TemporaryFile())
            if name == STANDARD_INPUT:
                shutil.copyfileobj(piped or standard_input(), pipes[name])
            else:
                with Path(name).open("rb") as pipe:
                    shutil.copyfileobj(pipe, pipes[name])
        yield pipes


@contextmanager
def opened_again(name: str, pipes: Mapping[str, IO[bytes]]) -> Iterator[Source]:
    """A file from its beginning, also if it is among pipes that are kept. Raises `UnreadableFile`."""
    pipe = pipes.get(name)
    if pipe and pipe.seekable():
        pipe.seek(0)
    with open_file(STANDARD_INPUT if pipe else name, pipe) as source:
        yield source
