"""Looking through files before anything of them is recorded: for what is found out only at their end.

A release that tells of days after its own is wrongly dated. One that is said to be complete and has nothing
of its dataset, or less than half of what is held, is most likely a part of it, empty, or another file: what
it seems to lack would be withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing, suppress
from itertools import islice

from domain.dates import OPEN_PAST, iso_of_day
from domain.edtf import span
from domain.ids import uuid8
from domain.reporting import Recording
from service.imports.accounts import Examined, Withdrawn
from service.imports.completing import held_of
from service.imports.deciding import Decider
from service.imports.engine import BATCH, examined, newer_held
from service.imports.orders import Order, Refused, Rows, check_whole
from service.imports.reading.outcomes import FileRefused
from service.imports.releases import Edition
from service.imports.seen import Seen, key_of
from service.log import Log


def look_through(files: Iterable[Rows], log: Log, order: Order, by: Recording) -> None:
    """Raise `Refused` if files are not what an order says of them, as far as they can be read."""
    with Seen() as seen:
        looked = _Looked(seen)
        with suppress(FileRefused):  # whoever reads it for good tells
            for rows in files:
                if order.complete:
                    check_whole(rows.format, looked.editions)
                looked.open(rows, order)
                with closing(examined(rows, order, lambda: by)) as batches:
                    for batch in batches:
                        looked.take(rows, batch, keys=order.complete)
            looked.is_whole = True
        _check_day(looked, order)
        # If a row is rejected, nothing is withdrawn.
        if order.complete and looked.is_whole and not looked.rejected:
            for edition in looked.editions.values():
                _check_complete(looked, edition, log, order, by)


class _Looked:
    """What files were found to have: the newest day, a number, the accounts, and whether that is all."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.editions: dict[str, Edition] = {}
        self.newest = OPEN_PAST
        self.accounts = 0
        self.rejected = 0
        self.is_whole = False

    def open(self, rows: Rows, order: Order) -> None:
        """Begin with a file."""
        dataset = rows.format.dataset
        self.editions[dataset.id] = Edition(
            dataset=dataset, release=order.release, released=order.released
        )

    def take(self, rows: Rows, batch: Examined, *, keys: bool) -> None:
        """Take in what rows come to; the accounts if they are wanted."""
        self.newest = max(self.newest, batch.newest)
        self.rejected += len(batch.rejected)
        if keys:
            dataset = rows.format.dataset.id
            told = [each for each in batch.said if not isinstance(each, Withdrawn)]
            self.accounts += len(told)
            self.seen.add([key_of(uuid8(dataset, each.incident), each.key) for each in told])


def _check_day(looked: _Looked, order: Order) -> None:
    if order.released and looked.newest > span(order.released).latest:
        raise Refused(
            f"the release is dated {order.released}, and tells of {iso_of_day(looked.newest)}; nothing"
            " was imported. Mend --released, or import it all the same with --force"
        )


def _check_complete(
    looked: _Looked, edition: Edition, log: Log, order: Order, by: Recording
) -> None:
    """Raise `Refused` if an edition can hardly be complete, for what would be withdrawn then."""
    title = edition.dataset.title
    otherwise = "nothing was imported. Leave out --complete, or import it all the same with --force"
    if not looked.accounts:
        raise Refused(f"nothing of {title} is in what is said to be complete; {otherwise}")
    if newer_held(log, edition):
        return  # nothing is withdrawn
    standing = missing = 0
    every = log.streams_of(edition.dataset.id)
    while streams := list(islice(every, BATCH)):
        decider = Decider(edition, {}, by, log.codec)
        decider.hold(log.stored(streams))
        held = held_of(decider, edition, streams, order.scope, looked.seen)
        standing += held.standing
        missing += len(held.missing)
    if 2 * missing > standing:
        raise Refused(
            f"{missing:,} of {standing:,} accounts that are held of {title} are not in what is said to be"
            f" complete, and would be withdrawn; {otherwise}"
        )
