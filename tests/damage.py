"""Five hundred ways to hand in a damaged notebook, from a seed."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

Notebook = dict[str, Any]
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    3.5,
    1e308,
    "",
    "x",
    "\ud800",
    "\x00",
    [],
    [[]],
    [None, 1],
    {},
    {"a": {"b": None}},
    "💥" * 50,
]


def _some(notebook: Notebook, rng: random.Random) -> dict[str, Any]:
    return rng.choice(notebook["cells"])


def wrong_type(notebook: Notebook, rng: random.Random) -> None:
    """Some value, somewhere, is of another kind."""
    here: Any = notebook
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = rng.choice(keys)
        if isinstance(here[key], dict | list) and here[key] and rng.random() < 0.8:
            here = here[key]
            continue
        here[key] = rng.choice(ODD)
        return


def wrong_metadata(notebook: Notebook, rng: random.Random) -> None:
    cell = _some(notebook, rng)
    marks = cell["metadata"].setdefault("nbgrader", {})
    key = rng.choice(
        [
            "grade",
            "points",
            "grade_id",
            "schema_version",
            "solution",
            "locked",
            "task",
            "checksum",
            "extra",
        ]
    )
    marks[key] = rng.choice(ODD)


def no_metadata(notebook: Notebook, rng: random.Random) -> None:
    for cell in notebook["cells"]:
        cell["metadata"] = rng.choice([{}, None, "lost"])


def tags(notebook: Notebook, rng: random.Random) -> None:
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution", "raises-exception", "remove-cell"]


def huge_cell(notebook: Notebook, rng: random.Random) -> None:
    source = "x = 1\n" * rng.choice([10, 500])
    notebook["cells"].insert(
        rng.randrange(len(notebook["cells"])), {**_some(notebook, rng), "source": source}
    )


def many_cells(notebook: Notebook, rng: random.Random) -> None:
    notebook["cells"] += [
        {"cell_type": "code", "metadata": {}, "source": f"x = {n}", "outputs": []}
        for n in range(90)
    ]


def duplicate(notebook: Notebook, rng: random.Random) -> None:
    for _ in range(rng.randrange(1, 5)):
        notebook["cells"].insert(
            rng.randrange(len(notebook["cells"])), copy.deepcopy(_some(notebook, rng))
        )


def delete(notebook: Notebook, rng: random.Random) -> None:
    rng.shuffle(notebook["cells"])
    del notebook["cells"][: rng.randrange(1, len(notebook["cells"]))]


def shuffle(notebook: Notebook, rng: random.Random) -> None:
    rng.shuffle(notebook["cells"])


def change_type(notebook: Notebook, rng: random.Random) -> None:
    _some(notebook, rng)["cell_type"] = rng.choice(
        ["markdown", "code", "raw", "heading", "sql", None, 7]
    )


def same_ids(notebook: Notebook, rng: random.Random) -> None:
    for cell in notebook["cells"]:
        cell["id"] = rng.choice(["same", "", "ü", 3, "a" * 100])


def outputs(notebook: Notebook, rng: random.Random) -> None:
    for cell in notebook["cells"]:
        cell["outputs"] = rng.choice(
            [ODD, "gone", {"output_type": "error"}, [{"output_type": "stream", "text": 4}]]
        )


def attachments(notebook: Notebook, rng: random.Random) -> None:
    bad = [
        {"a.png": {"image/png": "%%%"}},
        {"a.svg": {"image/svg+xml": "<svg/>"}},
        {"": {"image/png": "AA=="}},
    ]
    for cell in notebook["cells"]:
        cell["attachments"] = rng.choice([*ODD, *bad])


def version_3(notebook: Notebook, rng: random.Random) -> None:
    """As IPython wrote it in 2014: worksheets, inputs, no ids."""
    for cell in notebook["cells"]:
        cell.pop("id", None)
        if cell["cell_type"] == "code":
            cell["input"] = cell.pop("source")
            cell.update(prompt_number=1, language="python")
    notebook["worksheets"] = [{"cells": notebook.pop("cells"), "metadata": {}}]
    notebook.update(nbformat=3, nbformat_minor=0)


def version_4_0(notebook: Notebook, rng: random.Random) -> None:
    for cell in notebook["cells"]:
        cell.pop("id", None)
    notebook.update(nbformat=4, nbformat_minor=0)


def version(notebook: Notebook, rng: random.Random) -> None:
    notebook.update(nbformat=rng.choice([2, 5, 99, "4", None]), nbformat_minor=rng.choice(ODD))


STRUCTURE: list[Callable[[Notebook, random.Random], None]] = [
    wrong_type, wrong_metadata, no_metadata, tags, huge_cell, many_cells, duplicate, delete, shuffle, change_type, same_ids, outputs,
    attachments, version_3, version_4_0, version,
]  # fmt: skip


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def flip(data: bytes, rng: random.Random) -> bytes:
    broken = bytearray(data)
    for _ in range(rng.choice([1, 1, 5, 50])):
        broken[rng.randrange(len(broken))] = rng.randrange(256)
    return bytes(broken)


def splice(data: bytes, rng: random.Random) -> bytes:
    """A merge conflict, or a part twice."""
    at, other = sorted(rng.randrange(len(data)) for _ in range(2))
    return (
        data[:at]
        + rng.choice(
            [b"<<<<<<< HEAD\n", data[at:other], b"\x00" * 20, b"{" * 5_000, b"[" * 100_000]
        )
        + data[at:]
    )


def encode(data: bytes, rng: random.Random) -> bytes:
    return data.decode().encode(rng.choice(["utf-16", "utf-8-sig", "latin-1", "utf-32"]), "replace")


def other(data: bytes, rng: random.Random) -> bytes:
    """No notebook at all."""
    empty = [b"", b" \n", b"null", b"[]", b"{}", b'{"cells": []}']
    return rng.choice(
        [*empty, b"%PDF-1.7", b"\x89PNG\r\n", b"<html>Log in</html>", rng.randbytes(2_000)]
    )


BYTES: list[Callable[[bytes, random.Random], bytes]] = [cut, cut, flip, flip, splice, encode, other]


def damaged(notebook: Notebook, seed: int) -> tuple[str, bytes]:
    """The name of the damage, and the damaged file."""
    rng = random.Random(seed)
    notebook = copy.deepcopy(notebook)
    if rng.random() < 0.65:
        chosen = rng.choice(STRUCTURE)
        chosen(notebook, rng)
        return chosen.__name__, json.dumps(notebook).encode()
    torn = rng.choice(BYTES)
    return torn.__name__, torn(json.dumps(notebook).encode(), rng)
