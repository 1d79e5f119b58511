"""What is read without running anything again: numbers in the text, stored outputs, loaders in the code."""

from __future__ import annotations

import ast
import contextlib
import re

from autograder.honesty.prose import Block, blocks, quoted, supports
from autograder.honesty.rerun import Ran
from autograder.honesty.rules import Fault
from course_vi.study import Event, Given

__all__ = ["comparisons_without_a_name", "door_in_code", "numbers", "outputs", "reads"]

FILES = {"randhie", "load_pandas", "read_csv", "loadtxt", "genfromtxt"}
BEHIND = {"every", "live", "_Study__behind", "__behind", "_Study__said", "__said"}
COMPARES = re.compile(
    r"\b(better|worse|larger|smaller|higher|lower|faster|slower|tighter|looser|outperforms?|beats?|improves?|best|worst|"
    r"more accurate|less accurate|robust|significant(?:ly)?|clearly|negligible|dominates?)\b",
    re.I,
)
LINE = re.compile(
    r"^(holds|DOES NOT HOLD|measured|forecast|held out): .*?(?:\[([^\[\]]+)\])$", re.M
)
FIGURE = re.compile(
    r"(?:difference|steps give|held out:|forecast:.*?\() ?([-+]?\d[\d.]*(?:e[-+]?\d+)?)"
)


def reads(ran: Ran) -> list[Block]:
    """The paragraphs of the report, with the statements that each names."""
    return blocks(ran.page.cells, [event.name for event in ran.events if event.name])


def numbers(ran: Ran) -> list[Fault]:
    """Every number of the text stands in the record of a statement named beside it, or was given."""
    named: dict[str, list[Event]] = {}
    for event in ran.events:
        named.setdefault(event.name, []).append(event)
    given = [n for event in ran.all(Given) for n in event.numbers.values()]
    levels = [event.numbers["level"] for event in ran.events if "level" in event.numbers]
    found = []
    for block in reads(ran):
        here = [n for name in block.names for e in named[name] for n in e.numbers.values()]
        for one in quoted(block.text):
            if supports([*here, *given, *(levels if one.percent else [])], one):
                continue
            others = sorted(
                {e.name for e in ran.events if supports(e.numbers.values(), one)} - set(block.names)
            )
            line = _around(block.text, one.text)
            if block.names:
                why = f"“{one.text}” is no number of {_list(block.names)}"
            else:
                why = f"“{one.text}” stands in a paragraph that names no statement"
            if others and len(others) <= 3:
                why += f"; it is one of {_list(others)}: if you mean that, name it there"
            found.append(Fault("numbers", f"{why}: “{line}”", block.cell.where))
    return found


def comparisons_without_a_name(ran: Ran) -> list[str]:
    """Sentences that compare and name nothing: a reader decides whether they are claims."""
    found = []
    for block in reads(ran):
        for sentence in re.split(r"(?<=[.?!])\s+", block.text):
            if not block.names and COMPARES.search(sentence) and not sentence.strip().endswith("?"):
                found.append(f"{block.cell.where}: “{' '.join(sentence.split())}”")
    return found


def outputs(ran: Ran) -> list[Fault]:
    """Of a notebook with outputs: each line of a statement is stored, and its number is what came now."""
    if not any(cell.stored for cell in ran.page.cells) or ran.error:
        return []
    stored: dict[str, list[str]] = {}
    for match in LINE.finditer(ran.page.stored):
        stored.setdefault(match[2], []).append(match[0])
    found = []
    for event in ran.events:
        if not event.printed:
            continue
        lines = stored.get(event.name, [])
        if not lines:
            found.append(Fault("outputs", f"no stored output shows the line of [{event.name}]"))
        elif not any(_same(line, event) for line in lines):
            found.append(
                Fault("outputs", f"stored is “{lines[0]}”; the code gives “{event.printed}”")
            )
    known = {event.name for event in ran.events}
    found += [
        Fault("outputs", f"stored is “{lines[0]}”, which no cell gives any more")
        for name, lines in stored.items()
        if name not in known
    ]
    return found


def door_in_code(ran: Ran) -> list[Fault]:
    """Loaders stand inside ``Study(...)`` and nowhere else; nothing reaches behind the door."""
    calls: dict[str, list[str]] = {}
    handed = _loaders(ran)
    found = []
    for cell in ran.page.cells:
        if not cell.code:
            continue
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:
            continue
        own = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name in handed)
        loaders = {part for node in own for part in ast.walk(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) == "Study":
                if not isinstance(_handed(node), ast.Call):
                    found.append(
                        Fault(
                            "door",
                            "`Study(...)` is handed a table that was in your hands before: load it inside the call",
                            cell.where,
                        )
                    )
            elif isinstance(node, ast.Call):
                calls.setdefault(_name(node.func), []).append(cell.where)
            if isinstance(node, ast.Attribute) and node.attr in BEHIND:
                found.append(Fault("door", f"`.{node.attr}` reaches behind the door", cell.where))
            words = [n.name for n in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []  # fmt: skip
            words += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            words += [node.attr] if isinstance(node, ast.Attribute) and node not in loaders else []
            for word in words:
                if FILES & set(word.split(".")):
                    found.append(Fault("door", f"`{word}` opens the data beside the door", cell.where))  # fmt: skip
    for name in handed:
        for where in calls.get(name, [])[1:]:
            found.append(
                Fault("door", f"`{name}()` is called a second time, outside of `Study(...)`", where)
            )
    if len(ran.studies) > 1:
        found.append(
            Fault("door", f"there are {len(ran.studies)} studies; a report has one, with one split")
        )
    return found


def _handed(call: ast.Call) -> ast.expr | None:
    """What is handed to ``Study(...)``."""
    return call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "data"), None)  # fmt: skip


def _loaders(ran: Ran) -> set[str]:
    """The functions that are called inside ``Study(...)``: they may open files, since a second call of theirs is seen."""
    found = set()
    for cell in ran.page.cells:
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(ast.parse(cell.source if cell.code else "")):
                if isinstance(node, ast.Call) and _name(node.func) == "Study":
                    first = _handed(node)
                    found |= {_name(first.func)} if isinstance(first, ast.Call) else set()
    return found


def _name(node: ast.expr) -> str:
    return (
        node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    )  # fmt: skip


def _same(line: str, event: Event) -> bool:
    """Whether a stored line gives the same figure: to one standard error or two parts in a hundred."""
    old, new = FIGURE.search(line), FIGURE.search(event.printed)
    if line.startswith("DOES NOT") or not new:
        return line.partition(":")[0] == event.printed.partition(":")[0]
    if not old:
        return False
    slack = max(event.numbers.get("standard error", 0.0), 0.02 * abs(float(new[1])))
    return line.split(":")[1][:20] == event.printed.split(":")[1][:20] and abs(float(old[1]) - float(new[1])) <= slack  # fmt: skip


def _around(text: str, figure: str, width: int = 45) -> str:
    flat = " ".join(text.split())
    at = max(flat.find(figure), 0)
    low, high = max(at - width, 0), at + len(figure) + width
    return f"{'…' if low else ''}{flat[low:high].strip()}{'…' if high < len(flat) else ''}"


def _list(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"[{name}]" for name in dict.fromkeys(names))
