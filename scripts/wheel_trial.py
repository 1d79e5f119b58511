"""Is what was installed the library, whole, and able to stand alone? Run by `scripts/release.py` with the Python of an empty environment.

`python -I wheel_trial.py VERSION`, in a folder of no consequence: every module is imported, `mini_vi` and its neighbours prove their
examples, and nothing of a notebook has been loaded on the way.
"""

import doctest
import importlib
import importlib.metadata
import pkgutil
import sys
from pathlib import Path

PROVEN = (
    "mini_vi", "bounds", "validate", "data", "families.gaussian", "models.tractable.conjugate_toy",
    "gradients.path", "learning.fit", "diagnostics.claim",
)  # fmt: skip
OF_NOTEBOOKS = (
    "IPython",
    "ipykernel",
    "ipywidgets",
    "jupyter",
    "notebook",
    "nbformat",
    "nbconvert",
)


def trial(version: str) -> str:
    """What was proven, in a line; AssertionError where it does not hold."""
    package = importlib.import_module("course_vi")
    here = Path(package.__file__).resolve()
    assert here.is_relative_to(Path(sys.prefix).resolve()), f"{here} is not what was installed"
    found = importlib.metadata.version("course_vi")
    assert found == version, f"version {found} is installed; expected {version}"
    walked = pkgutil.walk_packages(package.__path__, "course_vi.", onerror=_raise)
    names = [each.name for each in walked]
    modules = {name: importlib.import_module(name) for name in names}
    loaded = sorted({name.split(".")[0] for name in sys.modules if name.startswith(OF_NOTEBOOKS)})
    assert not loaded, f"importing the library has loaded {', '.join(loaded)}"
    examples = 0
    for name in PROVEN:
        result = doctest.testmod(modules[f"course_vi.{name}"])
        assert result.attempted and not result.failed, f"course_vi.{name}: {result}"
        examples += result.attempted
    return f"{len(modules)} modules imported without a notebook, {examples} examples of {len(PROVEN)} proven"


def _raise(name: str) -> None:
    raise ImportError(f"{name} cannot be imported") from sys.exc_info()[1]


if __name__ == "__main__":
    print(trial(sys.argv[1]))
