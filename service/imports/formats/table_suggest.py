"""A first mapping for a sheet, written out, with every word that may stand where it guesses.

It decides nothing that a row can decide differently: days that can be read in two ways get no date format.
What was not recognised is listed as well.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from domain.vocabulary import IncidentType, Measure, ParticipantRole
from service.imports.crosswalk import slug_of
from service.imports.formats.coded import stated
from service.imports.formats.table_cells import country_of, figures_of
from service.imports.formats.table_guess import FORMATS, Guess, Sheet, is_count, reads
from service.imports.formats.table_words import type_of_words

MOST_VALUES = 60


def suggest(
    header: Sequence[str], sample_rows: Iterable[Sequence[str]], name: str = "My table"
) -> str:
    """A mapping file for a sheet with this header and rows such as these, cell by cell.

    It is valid for the sheet if that has a column of dates and one to make a title of; else the fields that
    are needed stand in it as comments. `name` is what the dataset is called at first.
    """
    sheet = Sheet.of(header, sample_rows)
    return "\n".join(_lines(Guess(sheet), name)) + "\n"


def _lines(guess: Guess, name: str) -> Iterator[str]:
    yield "# A first mapping for this sheet. Read it, mend it, then import with it."
    yield "# A plain text names a column, {constant: ...} is the same for all rows; see docs/tables.md."
    yield from (
        "dataset:",
        f"  id: {_slug(name)}",
        f"  title: {_quoted(stated(name, '') or 'My table')}",
    )
    yield "  # license: CC BY 4.0"
    yield "  # citation: How to name it where its incidents are shown."
    yield from _key_lines(guess)
    title = guess.title
    if title is None:
        yield "# title: which column? Nothing was found to make a title of."
    else:
        yield f"title: {_value(title)}"
    yield from _type_lines(guess)
    yield from _occurred_lines(guess)
    yield from _place_lines(guess)
    yield from _participant_lines(guess)
    yield from _figure_lines(guess)
    yield from _source_lines(guess)
    if "summary" in guess.found:
        yield f"summary: {_value({'column': guess.found['summary']})}"
    yield from _left_lines(guess)


def _key_lines(guess: Guess) -> Iterator[str]:
    key = guess.key
    if isinstance(key, str):
        yield f"key: {_quoted(key)}"
        return
    hashed = key["hash"]
    if not hashed:
        yield "# key: which column tells a row from all others?"
        return
    yield "# No column tells every row from all others: a row is known by these together."
    yield "# A row in which one of them is corrected later counts as another row."
    yield f"key: {{hash: [{', '.join(map(_quoted, hashed))}]}}"


def _type_lines(guess: Guess) -> Iterator[str]:
    yield f"# Types: {', '.join(IncidentType)}."
    column = guess.found.get("type")
    if column is None:
        yield "type: {constant: other}"
        return
    yield from ("type:", f"  column: {_quoted(column)}")
    spellings = {" ".join(cell.casefold().split()): cell for cell in guess.sheet.cells[column]}
    common = [
        cell for cell, _ in Counter(map(str.casefold, guess.sheet.cells[column])).most_common()
    ]
    values = [spellings[cell] for cell in common if cell not in list(IncidentType)][:MOST_VALUES]
    if values:
        known = [(value, type_of_words(value)) for value in values]
        yield "  values:" if any(found for _, found in known) else "  # values:"
        for value, found in known:
            yield (
                f"    {_quoted(value)}: {found}"
                if found
                else f"    # {_quoted(value)}: which type?"
            )
    yield "  otherwise: other"


def _occurred_lines(guess: Guess) -> Iterator[str]:
    fields = {"from": "from", "to": "to", "date": "column"}
    columns = [(fields[what], guess.found[what]) for what in fields if what in guess.found]
    if not columns:
        yield "# occurred: which column? Nothing was found that holds dates."
        return
    yield "occurred:"
    yield from (f"  {what}: {_quoted(column)}" for what, column in columns)
    yield from _format_lines([guess.dates[column] for _, column in columns], "  ")


def _format_lines(formats: Sequence[tuple[str, ...]], indent: str) -> Iterator[str]:
    needed = [set(each) for each in formats if each]
    if not needed:
        return
    common = [each for each in FORMATS if all(each in one for one in needed)]
    if len(common) == 1:
        yield f"{indent}date_format: {common[0]}"
    else:
        which = " or ".join(common or FORMATS[:1])
        yield f"{indent}# Its days can be read in more than one way, and rows with such days are refused"
        yield f"{indent}# until you say which: date_format: {which}"


def _place_lines(guess: Guess) -> Iterator[str]:
    fields = ("country", "admin1", "admin2", "latitude", "longitude", "coordinates")
    found = {"name": guess.found["place"]} if "place" in guess.found else {}
    found |= {what: guess.found[what] for what in fields if what in guess.found}
    if found:
        yield "place:"
        yield from (f"  {what}: {_value({'column': column})}" for what, column in found.items())
        if "country" in found:
            yield from _country_lines(guess.sheet.cells[found["country"]])
        else:
            yield "  # country: {constant: AFG}"
    else:
        yield "# place: {name: ..., country: {constant: AFG}}"


def _country_lines(cells: Sequence[str]) -> Iterator[str]:
    unknown = dict.fromkeys(cell for cell in cells if not reads(cell, country_of))
    if unknown:
        yield "# What the sheet calls countries and Casus does not know; say their codes:"
        yield "# countries:"
        yield from (f"#   {_quoted(cell)}: which code?" for cell in list(unknown)[:MOST_VALUES])


def _participant_lines(guess: Guess) -> Iterator[str]:
    if not guess.participants:
        return
    yield f"# Roles: {', '.join(ParticipantRole)}."
    yield "participants:"
    for column, role in guess.participants:
        parted = any(";" in cell for cell in guess.sheet.cells[column])
        split = ', split: ";"' if parted else ""
        yield f"  - {{column: {_quoted(column)}, role: {role}{split}}}"
        yield "    # kind: state, armed_group, organisation or person"


def _figure_lines(guess: Guess) -> Iterator[str]:
    if not guess.figures:
        return
    yield f"# Measures: {', '.join(Measure)}."
    yield "figures:"
    for (measure, group), numbers in guess.figures.items():
        of = f", of: {group}" if group else ""
        named = ", ".join(f"{number}: {_quoted(column)}" for number, column in numbers.items())
        yield f"  - {{measure: {measure}{of}, {named}}}"
    columns = [column for numbers in guess.figures.values() for column in numbers.values()]
    cells = [cell for column in columns for cell in guess.sheet.cells[column] if is_count(cell)]
    for cell in cells:
        if not reads(cell, lambda each: figures_of(each, None)):
            yield f"# {_quoted(cell)} is a whole number if its mark parts thousands; if it does, say so:"
            yield f"# thousands: '{',' if ',' in cell else '.'}'"
            return


def _source_lines(guess: Guess) -> Iterator[str]:
    found = {"name": guess.found.get("source"), "url": guess.found.get("url")}
    lines = [f"  {what}: {_value({'column': column})}" for what, column in found.items() if column]
    if published := guess.found.get("published"):
        lines += ["  published:", f"    column: {_quoted(published)}"]
        lines += _format_lines([guess.dates[published]], "    ")
    if lines:
        yield "source:"
        yield from lines


def _left_lines(guess: Guess) -> Iterator[str]:
    used = {"key"} if not isinstance(guess.key, str) else set()
    left = [*guess.free, *(guess.found[what] for what in used if what in guess.found)]
    title = guess.title or {}
    left = [column for column in left if column != title.get("column")]
    if left or guess.sheet.left_out:
        yield "# Not recognised, and left out:"
    for column in left:
        cells = guess.sheet.cells[column]
        example = f" (such as {_quoted(cells[0][:60])})" if cells else ""
        yield f"#   {_quoted(column)}{example}"
    for column in guess.sheet.left_out:
        yield f"#   {_quoted(column[:60])}: its name stands there twice, or cannot be read"


def _value(value: dict[str, str]) -> str:
    (kind, text), *_ = value.items()
    plain = kind == "text" or not set("{}") & set(text)
    return _quoted(text) if plain else f"{{column: {_quoted(text)}}}"


def _quoted(text: str) -> str:
    """A text as YAML has it on one line."""
    if re.fullmatch(r"[A-Za-z](?:[A-Za-z0-9 _-]*[A-Za-z0-9_])?", text):
        return text
    plain = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else _escaped(each) for each in plain)


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _slug(name: str) -> str:
    return slug_of("x", name)[2:] if name.strip() else "my-table"
