"""What decides on a grade also decides whether it is stale: a change in any such file changes the key."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from autograder.course import ROOT
from autograder.grading import closure, provenance

UNIT = "06_reparametrization"


def names(files: list[Path], root: Path = ROOT) -> set[str]:
    return {path.relative_to(root).as_posix() for path in files}


def test_the_closure_follows_imports_and_stops_at_other_units() -> None:
    found = names(provenance.deciding_files(UNIT))
    assert {
        "autograder/checking.py",
        "autograder/checks/compare.py",
        "autograder/checks/check_result.py",
        "autograder/protocol/agent.py",
        "autograder/protocol/gaussian_problems.py",
        "autograder/units/shared.py",
        "autograder/units/unit_06/problems.py",
        "autograder/units/unit_06/implicit_gamma.py",
        "autograder/execution/notebook_runner.py",
        "autograder/jail/limits.py",
        "src/course_vi/families/gaussian.py",
        "nbgrader_config.py",
    } <= found
    assert not [name for name in found if "/units/unit_" in name and "/unit_06/" not in name]
    assert not [name for name in found if "/answers/" in name or "/audit/" in name]


def test_no_such_module_is_an_error() -> None:
    with pytest.raises(LookupError, match="autograder.units.unit_77"):
        closure.closure(["autograder.units.unit_77"])


@pytest.mark.slow
def test_every_file_that_is_loaded_to_check_an_answer_decides() -> None:
    """The closure is read from the source; here it is held against what Python really loads."""
    program = """
        import sys
        import autograder.plugins.checked_execute
        from autograder.audit.corpus import corpus
        before = set(sys.modules)
        from autograder.checking import run_check
        from autograder.checks.probe import InProcess
        for answer in corpus("06_reparametrization"):
            if answer.right or answer.name.endswith("wrong_sum"):
                run_check(answer.exercise, InProcess(answer.load()), 1)
        for name, module in list(sys.modules.items()):
            if name.split(".")[0] in ("autograder", "course_vi") and getattr(module, "__file__", None):
                print(name, module.__file__)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "OMP_NUM_THREADS": "1", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    loaded = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert len(loaded) > 100, done.stderr
    decides = {str(path) for path in provenance.deciding_files(UNIT)}
    extra = [
        name
        for name, path in loaded.items()
        if path not in decides
        and not name.startswith(("autograder.audit", "course_vi.plots"))
        and not (name.startswith("autograder.units.unit_") and ".unit_06" not in name)
    ]
    assert not extra


def test_a_change_in_any_deciding_file_changes_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ignore = shutil.ignore_patterns("__pycache__", "answers", "class.data", "attacks")
    for folder in ("autograder", "src"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    packages = {"autograder": tmp_path / "autograder", "course_vi": tmp_path / "src" / "course_vi"}
    for module in (closure, provenance):
        monkeypatch.setattr(module, "PACKAGES", packages)
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    release = tmp_path / "release.ipynb"
    release.write_text("{}")

    def key() -> str:
        provenance.hash_of.cache_clear()
        return provenance.key("who and what", UNIT, provenance.decided_by(UNIT, release))

    first = key()
    files = provenance.deciding_files(UNIT)
    assert len(files) > 150 and key() == first
    for path in [*files, release]:
        text = path.read_bytes()
        path.write_bytes(text + b"\n# changed\n")
        assert key() != first, path
        path.write_bytes(text)
    other = packages["autograder"] / "units" / "unit_03" / "gap.py"
    other.write_text(other.read_text() + "\n# changed\n")
    assert key() == first
