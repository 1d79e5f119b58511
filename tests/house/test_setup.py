"""Set-up: a machine that will not do is told so at once, and what is done is not done again."""

import ast
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import setup

ROOT = Path(__file__).resolve().parents[2]


# -- a machine that will not do ---------------------------------------------------------------------------------------


def sentence(error: pytest.ExceptionInfo[BaseException]) -> str:
    told = str(error.value)
    assert told.endswith(".") and "\n" not in told
    return told


@pytest.mark.parametrize(
    "version", [(3, 8, 18), (3, 10, 13), (2, 7, 18), (3, setup.NEWEST[1] + 1, 0)]
)
def test_an_unfit_python_is_named(version: tuple[int, ...]) -> None:
    with pytest.raises(setup.CannotSetUp) as error:
        setup.refuse_wrong_python(version)
    assert f"this is Python {version[0]}.{version[1]};" in sentence(error)


def test_a_fit_python_elsewhere_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(setup.CannotSetUp, match="install one"):
        setup.refuse_wrong_python((3, 8))
    (tmp_path / "python3.12").symlink_to(sys.executable)
    with pytest.raises(setup.CannotSetUp, match="PYTHON=python3.12 make"):
        setup.refuse_wrong_python((3, 8))


def test_a_missing_venv_module_says_how_to_get_it() -> None:
    setup.refuse_missing_venv()
    with pytest.raises(setup.CannotSetUp) as error:
        setup.refuse_missing_venv(["venv", "no_such_ensurepip"])
    assert f"apt install python3.{sys.version_info[1]}-venv" in sentence(error)


def test_a_small_disk_is_told_by_its_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_VI_MIN_DISK_GB", "1e7")
    with pytest.raises(setup.CannotSetUp, match=r"needs 1e\+07 GB"):
        setup.refuse_small_disk(str(tmp_path))
    monkeypatch.delenv("COURSE_VI_MIN_DISK_GB")
    monkeypatch.setattr(
        setup.shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(9e9, 1e9, 7.9e9)
    )
    with pytest.raises(setup.CannotSetUp) as error:
        setup.refuse_small_disk(str(tmp_path))
    assert "needs 8 GB" in sentence(error) and "7.9 GB" in sentence(error)


def test_a_missing_browser_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(setup.CannotSetUp) as error:
        setup.refuse_missing_tool("chromium")
    assert "apt-get install chromium" in sentence(error)


def test_the_script_parses_on_the_pythons_it_refuses() -> None:
    tree = ast.parse((ROOT / "scripts" / "setup.py").read_text("utf-8"), feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef)
    assert not [
        node
        for node in ast.walk(tree)
        if isinstance(node, newer) or getattr(node, "annotation", None)
    ]
    roots = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert roots <= sys.stdlib_module_names and not [
        n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)
    ]


# -- stamps -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the pins and something that looks like an environment, on a machine that keeps it."""
    monkeypatch.delenv("CI", raising=False)
    root = tmp_path / "a course"
    (root / "scripts").mkdir(parents=True)
    for name in ("constraints.txt", "pyproject.toml", "scripts/setup.py"):
        shutil.copy(ROOT / name, root / name)
    python = Path(setup.python_of(str(root / ".venv")))
    python.parent.mkdir(parents=True)
    python.touch()
    (root / ".venv" / "pyvenv.cfg").write_text("home = somewhere\nversion = 3.11.7\n")
    return root


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What would have been run."""
    noted: list[tuple[str, ...]] = []
    monkeypatch.setattr(setup, "run", lambda *command, **kwargs: noted.append(command))
    monkeypatch.setenv("COURSE_VI_MIN_DISK_GB", "0")
    return noted


def test_nothing_is_compiled_where_the_environment_is_used_once(
    clone: Path, commands: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    assert setup.set_up(["lab"], str(clone))
    assert [command[-1] for command in commands] == ["setuptools", f"{clone}[lab]"]


def test_a_second_set_up_does_nothing_until_the_pins_change(
    clone: Path, commands: list[tuple[str, ...]]
) -> None:
    root = str(clone)
    assert setup.set_up(["lab", "test"], root)
    assert [command[-1] for command in commands] == [
        "setuptools",
        f"{root}[lab,test]",
        setup.COMPILE,
    ]
    commands.clear()
    os.utime(clone / "constraints.txt", (0, 0))
    assert (
        not setup.set_up(["lab", "test"], root)
        and not setup.set_up(["lab"], root)
        and commands == []
    )
    with (clone / "constraints.txt").open("a") as pins:
        pins.write("zzz==1\n")
    assert setup.set_up(["lab"], root)
    assert commands[-2][-1] == f"{root}[lab,test]", "what is there already follows the pins too"


def test_a_set_up_that_failed_is_done_again(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = [0, 0, 0, 0, 1, 0, 0, 0]
    monkeypatch.setattr(setup, "watch", lambda command, log, expected=0: codes.pop(0))
    (clone / ".venv" / "setup.log").write_text("no route to host")
    monkeypatch.setenv("COURSE_VI_MIN_DISK_GB", "0")
    assert setup.set_up(["lab"], str(clone))
    (clone / "constraints.txt").write_text("zzz==1\n")
    with pytest.raises(setup.CannotSetUp, match="run the same command again"):
        setup.set_up(["lab"], str(clone))
    assert not list((clone / ".venv").glob(".stamp-*"))
    assert (
        setup.set_up(["lab"], str(clone)) and not setup.set_up(["lab"], str(clone)) and codes == []
    )


def test_an_environment_made_elsewhere_or_by_an_unfit_python_is_made_anew(
    clone: Path, tmp_path: Path
) -> None:
    venv = clone / ".venv"
    assert setup.usable(str(venv), str(clone))
    (venv / ".home").write_text(str(clone) + "\n")
    assert setup.usable(str(venv), str(clone))
    moved = clone.rename(tmp_path / "renamed")
    assert not setup.usable(str(moved / ".venv"), str(moved))
    (moved / ".venv" / ".home").unlink()
    (moved / ".venv" / "pyvenv.cfg").write_text("version = 3.9.1\n")
    assert not setup.usable(str(moved / ".venv"), str(moved))


def test_refusals_come_before_anything_is_made(clone: Path) -> None:
    shutil.rmtree(clone / ".venv")
    told = subprocess.run(
        [sys.executable, str(clone / "scripts" / "setup.py"), "lab"],
        env=os.environ | {"COURSE_VI_MIN_DISK_GB": "1e7"},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 1 and told.stdout == "" and told.stderr.count("\n") == 1
    assert not (clone / ".venv").exists()


# -- what a first set-up prints ---------------------------------------------------------------------------------------

PIP = ["Obtaining file:///a/course", "  Installing build dependencies: started"]
for i in range(60):
    PIP += [f"Collecting package{i}==1.{i}"]
    PIP += [f"  Downloading package{i}-1.{i}-py3-none-any.whl (1.2 MB)", "     ---- 1.2/1.2 MB"]
PIP += ["  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (888.1 MB)"]
PIP += ["Installing collected packages: " + ", ".join(f"package{i}" for i in range(61)), "Successfully installed"]  # fmt: skip


def test_two_hundred_lines_of_pip_become_a_few(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = tmp_path / "said.txt"
    said.write_text("\n".join(PIP))
    command = [sys.executable, "-c", f"print(open({str(said)!r}).read())"]
    assert setup.watch(command, str(tmp_path / "log"), expected=130) == 0
    lines = capsys.readouterr().out.splitlines()
    assert 2 <= len(lines) <= 6 and len(PIP) > 150
    assert "[########################] 61 packages" in lines[-1] and "unpacking" in lines[-1]
    assert "Downloading torch" in (tmp_path / "log").read_text(), "nothing is lost"


def test_on_a_terminal_the_bar_is_one_line_that_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    with setup.Bar(61, screen) as bar:
        for line in PIP[:-3]:
            bar.read(line)
        bar.read(PIP[-3])
        assert "torch, 888.1 MB" in bar.line()
        bar.write("")
    assert screen.getvalue().count("\n") == 1 and "\r[" in screen.getvalue()
    assert all(len(part) <= 100 for part in screen.getvalue().split("\r"))


def test_a_set_up_that_fails_shows_what_was_said_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-c", "print('ERROR: no route to host'); raise SystemExit(1)"]
    with pytest.raises(setup.CannotSetUp, match="all of it is in"):
        setup.run(*command, log=str(tmp_path / "log"), expected=3)
    assert "no route to host" in capsys.readouterr().err
