"""The map of the house in CONTRIBUTING.md, drawn from the imports: `python scripts/house_map.py --write`.

A room is what stands directly in `src/course_vi` or `autograder`: a package, or a module. For each the
map says its floor, what is in it (the first sentence of its docstring) and which rooms it imports.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "house"))

from test_imports import FLOORS, PLACES  # noqa: E402
from test_imports import graph as imports_of  # noqa: E402

PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- the map, drawn by scripts/house_map.py -->", "<!-- end of the map -->"
DOORS = {"course_vi", "autograder"}  # a package's own front door is no room


def room(module: str) -> str:
    """`course_vi.models.deep.vae` stands in `course_vi.models`."""
    return ".".join(module.split(".")[:2])


def says(name: str) -> str:
    """The first sentence of a room's docstring."""
    package, _, inside = name.partition(".")
    path = PLACES[package] / inside / "__init__.py"
    path = path if path.exists() else PLACES[package] / f"{inside}.py"
    text = " ".join((ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split())
    first = re.split(r"(?<=[.?])\s|::", text)[0].rstrip(".: ")
    return first.replace("``", "`").replace("|", "\\|")


def arrows() -> dict[str, set[str]]:
    """Which rooms each room imports."""
    found: dict[str, set[str]] = {
        room(module): set() for module in imports_of() if module not in DOORS
    }
    for module, others in imports_of().items():
        if module not in DOORS:
            here = room(module)
            found[here] |= {room(o) for o in others if o not in DOORS and room(o) != here}
    return found


def drawn() -> str:
    """The map, as Markdown."""
    graph, lines = arrows(), []
    for package, floors in FLOORS.items():
        rooms = [name for name in graph if name.startswith(f"{package}.")]
        inside = sum(other.startswith(f"{package}.") for name in rooms for other in graph[name])
        lines += [
            f"**`{package}`**: {len(rooms)} rooms on {len(floors)} floors, {inside} arrows between them; no circle of modules.",
            "",
            "| floor | room | what is in it | imports |",
            "|---|---|---|---|",
        ]
        for level, names in enumerate(floors):
            for name in sorted(names):
                full = f"{package}.{name}"
                own = sorted(o.split(".")[1] for o in graph[full] if o.startswith(f"{package}."))
                others = sorted(o for o in graph[full] if not o.startswith(f"{package}."))
                below = ", ".join([*own, *(["the core"] if others else [])]) or "nothing of ours"
                lines.append(f"| {level} | `{name}` | {says(full)} | {below} |")
        lines.append("")
    return "\n".join(lines).rstrip()


def page(text: str) -> str:
    """The guide with today's map in it."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{drawn()}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    else:
        print(drawn())
