"""Say where the course can be opened without installing it: `python scripts/elsewhere.py OWNER/NAME`.

The repository has no address of its own until somebody gives it one, so no file holds any. This script makes the links to Binder,
Codespaces, Colab and nbgitpuller from an address on GitHub, by default that of the remote `origin`, and prints them; `--write` also puts
them in the two files where readers look, README.md and CITATION.cff. Writing again replaces what was written.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- doors, written by scripts/elsewhere.py -->", "<!-- end of doors -->"
ADDRESS = re.compile(
    r"(?:(?:https://|git@|ssh://git@)github\.com[/:])?([\w.-]+)/([\w.-]+?)(?:\.git)?/?"
)


class CannotTell(Exception):
    """There is no address to make links from; the message is the sentence to read."""


def repository(given: str) -> str:
    """`OWNER/NAME` of an address on GitHub.

    >>> repository("git@github.com:ann/course_vi.git"), repository("ann/course_vi")
    ('ann/course_vi', 'ann/course_vi')
    """
    found = ADDRESS.fullmatch(given)
    if not found:
        raise CannotTell(
            f"The address is {given!r}; expected OWNER/NAME on GitHub, or its address there."
        )
    return f"{found[1]}/{found[2]}"


def origin(root: Path = ROOT) -> str:
    """The address of the remote `origin`."""
    told = subprocess.run(
        ["git", "remote", "get-url", "origin"], cwd=root, capture_output=True, text=True
    )
    if told.returncode:
        raise CannotTell("There is no remote called origin; say which repository: OWNER/NAME.")
    return told.stdout.strip()


def links(name: str, branch: str = "main") -> dict[str, str]:
    """Binder, Codespaces and nbgitpuller (to be appended to the address of a hub)."""
    home = f"https://github.com/{name}"
    pulled = {"repo": home, "branch": branch, "urlpath": f"lab/tree/{name.split('/')[1]}/README.md"}
    return {
        "Binder": f"https://mybinder.org/v2/gh/{name}/{quote(branch, safe='')}?urlpath=lab/tree/work/START.md",
        "Codespaces": f"https://codespaces.new/{name}?ref={quote(branch, safe='')}",
        "nbgitpuller": f"/hub/user-redirect/git-pull?{urlencode(pulled)}",
    }


def on_colab(name: str, branch: str, notebook: str) -> str:
    """Where Colab opens a notebook of the repository."""
    return f"https://colab.research.google.com/github/{name}/blob/{branch}/{notebook}"


def first_cells(name: str, unit: str) -> str:
    """What to run on Colab: a cell, a restart, a cell."""
    folder = name.split("/")[1]
    return (
        f"!git clone --depth 1 https://github.com/{name}\n"
        f"!python {folder}/scripts/colab.py\n"
        "(restart the session)\n"
        f"%cd /content/{folder}/work/{unit}"
    )


def doors(name: str, branch: str) -> str:
    """The line of links for the README."""
    shown = [
        f"[{place}]({address})"
        for place, address in links(name, branch).items()
        if place != "nbgitpuller"
    ]
    shown.append(
        f"[Colab]({on_colab(name, branch, 'notebooks/00_start_here/00_start_here.ipynb')})"
    )
    return f"{BEGIN}\nOpen it in {', '.join(shown[:-1])} or {shown[-1]}.\n{END}"


def write(name: str, branch: str, root: Path = ROOT) -> None:
    """Put the links in README.md, at the head of its section Elsewhere, and the address in CITATION.cff."""
    page, cite = root / "README.md", root / "CITATION.cff"
    text = re.sub(
        re.escape(BEGIN) + ".*?" + re.escape(END) + "\n\n",
        "",
        page.read_text("utf-8"),
        flags=re.DOTALL,
    )
    head = "## Elsewhere\n\n"
    if text.count(head) != 1:
        raise CannotTell("README.md has no section '## Elsewhere', where the links belong.")
    page.write_text(text.replace(head, f"{head}{doors(name, branch)}\n\n"), "utf-8")
    kept = [
        line
        for line in cite.read_text("utf-8").splitlines()
        if not line.startswith("repository-code:")
    ]
    cite.write_text(
        "\n".join([*kept, f'repository-code: "https://github.com/{name}"']) + "\n", "utf-8"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Links to places where the course can be opened.")
    parser.add_argument(
        "repository", nargs="?", help="OWNER/NAME on GitHub (default: the remote origin)"
    )
    parser.add_argument("--branch", default="main")
    parser.add_argument(
        "--write", action="store_true", help="also write them to README.md and CITATION.cff"
    )
    chosen = parser.parse_args(arguments)
    try:
        name = repository(chosen.repository or origin())
        if chosen.write:
            write(name, chosen.branch)
    except CannotTell as reason:
        print(reason, file=sys.stderr)
        return 1
    for place, address in links(name, chosen.branch).items():
        print(f"{place}: {address}")
    print(
        f"\nColab, a cell at the top of the notebook, and one after the restart:\n{first_cells(name, 'NN_name')}\n"
    )
    for notebook in sorted(ROOT.glob("notebooks/[0-9][0-9]_*/*.ipynb")):
        print(on_colab(name, chosen.branch, notebook.relative_to(ROOT).as_posix()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
