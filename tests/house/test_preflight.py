"""The preflight finds what is missing, says what to do, and is content with this machine."""

import sys
from pathlib import Path

import pytest

from course_vi.preflight import preflight


def faults(**kwargs: object) -> list[str]:
    return [line.what for line in preflight(**kwargs) if not line.ok]  # type: ignore[arg-type]


def test_this_machine_is_ready(tmp_path: Path) -> None:
    report = preflight(tmp_path)
    assert report and "Ready." in repr(report) and "✗" not in report._repr_html_()
    assert any(line.what == "a gradient" and line.found.startswith("2.000000") for line in report)


def test_a_missing_package_is_named() -> None:
    report = preflight(packages=["torch", "no_such_package"])
    assert not report and faults(packages=["torch", "no_such_package"]) == ["no_such_package"]
    assert (
        "make lab" in repr(report)
        and "1 thing to mend" in repr(report)
        and "no_such_package" in report._repr_html_()
    )


def test_a_broken_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_package.py").write_text("raise OSError('a library is missing')")
    monkeypatch.syspath_prepend(str(tmp_path))
    (line,) = [
        line for line in preflight(packages=["broken_package"]) if line.what == "broken_package"
    ]
    assert not line.ok and "OSError: a library is missing" in line.found
    sys.modules.pop("broken_package", None)


@pytest.mark.parametrize("version", [(3, 9), (3, 10), (3, 15), (2, 7)])
def test_the_wrong_python_is_named(version: tuple[int, int]) -> None:
    assert faults(python=version, packages=[]) == ["Python"]
    assert "3.11 to 3.14" in repr(preflight(python=version, packages=[]))


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    """A file where a folder should be, and a folder that is not there: both are refused by the system, also for an administrator."""
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "nowhere", Path("/proc/self")):
        if folder == Path("/proc/self") and not folder.exists():
            continue
        assert faults(folder=folder, packages=[]) == ["folder"], folder
    assert list(tmp_path.iterdir()) == [tmp_path / "file"], "the preflight left something behind"
