"""Is this the place to take the course? Looked at before the first exercise, so that nothing fails later for the wrong reason."""

from __future__ import annotations

import html
import importlib
import importlib.util
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["Line", "Preflight", "preflight"]

OLDEST, TOO_NEW = (3, 11), (3, 15)
# Import name: what it is there for.
PACKAGES = {
    "torch": "tensors and gradients",
    "numpy": "arrays",
    "scipy": "exact answers",
    "sklearn": "the digits",
    "matplotlib": "figures",
    "pyro": "unit 14",
    "zuko": "flows",
    "tqdm": "progress bars",
    "ipywidgets": "sliders",
    "statsmodels": "unit 01",
    "autograder": "the checks below each exercise",
}
SET_UP = "run `make lab` in the course's folder and open the notebook from there: it installs what is missing"


class Line(NamedTuple):
    """One thing that was looked at: whether it is well, what was found, and if not, what to do."""

    ok: bool
    what: str
    found: str
    do: str = ""


class Preflight(tuple[Line, ...]):
    """All that was looked at. True if all is well; text when printed, a table in a notebook."""

    def __bool__(self) -> bool:
        return all(line.ok for line in self)

    def __repr__(self) -> str:
        rows = []
        for line in self:
            rows.append(
                f"{'ok  ' if line.ok else 'MISS'}  {line.what}: {line.found}"
                + ("" if line.ok else f"\n      -> {line.do}")
            )
        return "\n".join([*rows, self.verdict])

    @property
    def verdict(self) -> str:
        """The last line: ready, or how many things to mend."""
        bad = sum(not line.ok for line in self)
        return "Ready." if not bad else f"{bad} thing{'s' if bad > 1 else ''} to mend first."

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{'✓' if line.ok else '✗'}</td><td style='text-align:left'>{html.escape(line.what)}</td>"
            f"<td style='text-align:left'>{html.escape(line.found)}{'' if line.ok else '<br><b>' + html.escape(line.do) + '</b>'}</td></tr>"
            for line in self
        )
        return f"<table>{rows}</table><p><b>{html.escape(self.verdict)}</b></p>"


def preflight(
    folder: str | Path = ".",
    packages: Sequence[str] = tuple(PACKAGES),
    python: tuple[int, int] | None = None,
) -> Preflight:
    """Look at Python, packages, the folder, and one gradient whose exact value is known.

    Args:
        folder: where your notebooks are saved; it must be writable.
        packages: import names that must be there.
        python: looked at instead of the running version.

    >>> report = preflight()
    >>> bool(preflight(packages=["torch", "no_such_package"]))
    False
    >>> print(preflight(packages=["no_such_package"])[1].found)
    missing
    """
    version = python or sys.version_info[:2]
    name = ".".join(map(str, version))
    span = f"{OLDEST[0]}.{OLDEST[1]} to {TOO_NEW[0]}.{TOO_NEW[1] - 1}"
    other = (
        f"the course needs Python {span}: `make lab PYTHON=python3.12` uses another one you have"
    )
    lines = [Line(OLDEST <= version < TOO_NEW, "Python", name, other)]
    lines += [_package(package) for package in packages]
    lines.append(_writable(Path(folder)))
    if all(line.ok for line in lines if line.what.startswith(("torch", "numpy"))):
        lines.append(_gradient())
    return Preflight(lines)


def _package(name: str) -> Line:
    what = f"{name} ({PACKAGES[name]})" if name in PACKAGES else name
    if importlib.util.find_spec(name) is None:
        return Line(False, what, "missing", SET_UP)
    try:
        module = importlib.import_module(name)
    except Exception as error:
        return Line(
            False, what, f"cannot be imported ({type(error).__name__}: {error})"[:200], SET_UP
        )
    return Line(True, what, str(getattr(module, "__version__", "there")))


def _writable(folder: Path) -> Line:
    """A file is really written: permission bits tell nothing on network drives, in containers, or to an administrator."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder):
            return Line(True, "folder", f"{folder.resolve().name} can be written to")
    except OSError as error:
        return Line(
            False,
            "folder",
            f"{folder} cannot be written to ({error.strerror or error})",
            "your answers could not be saved: copy the course to a folder of your own",
        )


def _gradient() -> Line:
    """The slope in m of the ELBO of N(m, s^2) on the toy at m = 0, x = 2 is 2; and what a graphics card would add."""
    import torch

    from course_vi.families import MeanField
    from course_vi.gradients import reparametrized
    from course_vi.models import ConjugateToy

    q = MeanField(
        1, torch.zeros(1, dtype=torch.float64), torch.full((1,), -0.35, dtype=torch.float64)
    )
    eps = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    reparametrized(
        ConjugateToy(), q, torch.tensor([2.0], dtype=torch.float64), noise=eps, num_samples=2
    ).backward()
    slope = float(q.loc.grad)  # type: ignore[arg-type]
    card = (
        torch.cuda.get_device_name(0)
        if torch.cuda.is_available()
        else "no graphics card, and none is needed"
    )
    return Line(
        abs(slope - 2) < 1e-12,
        "a gradient",
        f"{slope:.6f}, exact 2; {card}",
        "this Python computes wrongly: report it, please",
    )
