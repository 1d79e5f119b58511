"""Which line of a platform's file is which student's: keys of one kind are matched with keys of that kind, or nothing is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autograder.grading.export import Mark

__all__ = ["Collision", "Key", "cell", "column", "matched"]


class Collision(ValueError):
    """Two students, or two lines, lay claim to one grade; the message names them. Nothing is written."""


Key = tuple[str, Callable[[list[str]], str], Callable[[Mark], str]]


def matched(
    found: Sequence[Mark], lines: Sequence[list[str]], keys: Sequence[Key]
) -> list[tuple[list[str], Mark]]:
    """Lines and marks that belong together, by the first kind of key that a mark has; keys of different kinds never meet.

    Raises:
        Collision: a key stands in two lines, or belongs to two students, or a line is claimed by two.
    """
    pairs: list[tuple[list[str], Mark]] = []
    for kind, of_line, of_mark in keys:
        by_key: dict[str, list[str]] = {}
        for line in lines:
            key = of_line(line)
            if key and by_key.setdefault(key, line) is not line:
                raise Collision(f"{kind} {key} stands in two lines: {line[0]} and {by_key[key][0]}")
        owners: dict[str, Mark] = {}
        for mark in found:
            key = of_mark(mark)
            if not key or key not in by_key:
                continue
            if key in owners:
                raise Collision(f"{kind} {key} belongs to two students: {owners[key].student} and {mark.student}")  # fmt: skip
            owners[key] = mark
            pairs.append((by_key[key], mark))
    claimed: dict[int, Mark] = {}
    for line, mark in pairs:
        other = claimed.setdefault(id(line), mark)
        if other is not mark:
            raise Collision(f"the line of {line[0]} is claimed by {other.student} and {mark.student}")  # fmt: skip
    return sorted(pairs, key=lambda pair: next(n for n, line in enumerate(lines) if line is pair[0]))  # fmt: skip


def column(header: Sequence[str], told: int, title: str, file: str) -> int | None:
    """Where an assignment's column is: called so, with Canvas's number behind it; else the one that begins so."""
    names = {n: header[n].casefold() for n in range(told, len(header))}
    wanted = title.casefold()
    exact = [n for n, name in names.items() if name == wanted or (name.startswith(f"{wanted} (") and name.endswith(")"))]  # fmt: skip
    near = exact or [n for n, name in names.items() if name.startswith(wanted)]
    if len(near) > 1:
        raise Collision(
            f"{file} has {len(near)} columns called {title}: {', '.join(header[n] for n in near)}; name one whole with --title"
        )
    return near[0] if near else None


def cell(line: Sequence[str], place: int | None) -> str:
    return line[place].strip() if place is not None and place < len(line) else ""
