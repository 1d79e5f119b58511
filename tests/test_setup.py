"""Set-up: the pins agree with each other and with what is installed, and a machine that will not do is told so at once."""

import ast
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from types import ModuleType

import pytest
import setuptools
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PIN_LINES = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line[:1] not in ("#", "")]
PINS = dict(line.split("==") for line in PIN_LINES)
EXTRAS = PROJECT["optional-dependencies"]
DIRECT = [Requirement(line) for group in (PROJECT["dependencies"], *EXTRAS.values()) for line in group]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"scripts_{name}", ROOT / "scripts" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


setup, lab = script("setup"), script("lab")


# -- pins -------------------------------------------------------------------------------------------------------------


def test_constraints_are_plain_sorted_pins() -> None:
    for line in PIN_LINES:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*==[0-9][0-9a-z.]*", line), line
    names = [line.split("==")[0] for line in PIN_LINES]
    assert names == sorted(set(names)) == sorted(map(canonicalize_name, names))


def test_torch_is_pinned_without_a_suffix() -> None:
    assert PINS["torch"] == "2.13.0"
    assert "torch==2.13.0" in PROJECT["dependencies"]


def test_every_direct_dependency_is_pinned() -> None:
    for requirement in DIRECT:
        assert PINS.get(canonicalize_name(requirement.name)) in requirement.specifier, requirement


def test_everything_that_is_pulled_in_is_pinned_and_installed_so() -> None:
    """The environment these tests run in is the pinned one, to the last indirect dependency."""
    waiting, seen = [requirement.name for requirement in DIRECT], set()
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        distribution = importlib.metadata.distribution(name)
        assert distribution.version.partition("+")[0] == PINS.get(name), name
        for requirement in map(Requirement, distribution.requires or []):
            if name == "torch" and requirement.name.startswith(("nvidia", "cuda", "triton")):
                continue  # the libraries of a CUDA build; torch pins them itself
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    assert len(seen) > 100


def test_three_files_name_the_same_python() -> None:
    low, high = (".".join(map(str, version)) for version in (setup.OLDEST, (3, setup.NEWEST[1] + 1)))
    assert PROJECT["requires-python"] == f">={low},<{high}"
    conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    assert f"python={low}" in conda["dependencies"]


def test_conda_installs_by_the_same_pins() -> None:
    conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    assert conda["name"] == "course_vi"
    (pip,) = (entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict))
    assert pip == ["-c constraints.txt", "-e .[lab]"]
    others = {entry.split("=")[0] for entry in conda["dependencies"] if isinstance(entry, str)}
    assert others == {"python", "pip"}, "all else is pinned in constraints.txt"


@pytest.mark.parametrize("name", ["constraints.txt", "environment.yml", "pyproject.toml"])
def test_no_file_of_pins_names_a_host_or_a_build(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text and "+cpu" not in text and "index-url" not in text and "find-links" not in text


def test_a_learner_installs_no_tool_of_the_workshop() -> None:
    learners = {Requirement(line).name for line in PROJECT["dependencies"] + EXTRAS["lab"]}
    assert not learners & {Requirement(line).name for line in EXTRAS["grade"] + EXTRAS["test"]}
    assert set(EXTRAS) == set(setup.EXTRAS)


def test_neither_corpus_nor_submissions_are_installed(tmp_path: Path) -> None:
    for folder in ("checks", "answers/09", "attacks", "class.data/submitted/ann"):
        for package in (tmp_path / "autograder" / folder, *(tmp_path / "autograder" / folder).parents):
            if package.is_relative_to(tmp_path) and package != tmp_path:
                package.mkdir(parents=True, exist_ok=True)
                (package / "__init__.py").touch()
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]["find"]
    found = setuptools.find_packages(str(tmp_path), exclude=rules["exclude"], include=rules["include"])
    assert sorted(found) == ["autograder", "autograder.checks"]


# -- targets ----------------------------------------------------------------------------------------------------------


def make(*arguments: str, **environment: str) -> str:
    quiet = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=ROOT, env=quiet | environment, capture_output=True, text=True, check=True).stdout


def test_make_alone_describes_every_target() -> None:
    told = dict(re.fullmatch(r"make (\S+) +(\S.*)", line).groups() for line in make().splitlines())
    assert set(told) == {"help", "setup", "lab", "test", "test-all", "grade", "notebooks", "audit", "clean"}
    assert all(len(line) <= 120 for line in make().splitlines())


@pytest.mark.parametrize(
    ("target", "extras", "command"),
    [
        ("setup", "lab", ""),
        ("lab", "lab", "scripts/lab.py --no-browser"),
        ("test", "lab grade test", 'pytest -m "not slow and not browser"'),
        ("test-all", "--needs chromium lab grade test", "-m pytest\n"),
        ("grade", "lab grade", "-m autograder grade --sample"),
        ("notebooks", "lab grade", "-m autograder notebooks"),
        ("audit", "lab grade", "-m autograder audit 09"),
    ],
)
def test_each_target_sets_up_what_it_needs_and_no_more(target: str, extras: str, command: str) -> None:
    told = make("-n", target, "LAB_ARGS=--no-browser", "UNIT=09")
    assert re.search(rf"scripts/setup\.py +{extras}\n", told), told
    assert command in told


def test_ci_runs_what_everyone_runs() -> None:
    steps = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert steps[-1] == "exec make --no-print-directory test"


def test_what_people_and_tools_leave_behind_is_not_committed() -> None:
    left = ["work/09/a.ipynb", "autograder/class.data/gradebook.db", ".venv/bin/python", "src/course_vi.egg-info/x"]
    left += ["lectures/.ipynb_checkpoints/x.ipynb", ".nbgrader.log", "tests/__pycache__/x.pyc", ".hypothesis/x"]
    told = subprocess.run(["git", "check-ignore", "--no-index", *left], cwd=ROOT, capture_output=True, text=True)
    assert told.stdout.split() == left


# -- a machine that will not do ---------------------------------------------------------------------------------------


def sentence(error: pytest.ExceptionInfo[BaseException]) -> str:
    told = str(error.value)
    assert told.endswith(".") and "\n" not in told
    return told


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 10, 13), (2, 7, 18), (3, setup.NEWEST[1] + 1, 0)])
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


def test_a_small_disk_is_told_by_its_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_VI_MIN_DISK_GB", "1e7")
    with pytest.raises(setup.CannotSetUp, match=r"needs 1e\+07 GB"):
        setup.refuse_small_disk(str(tmp_path))
    monkeypatch.delenv("COURSE_VI_MIN_DISK_GB")
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(9e9, 1e9, 7.9e9))
    with pytest.raises(setup.CannotSetUp) as error:
        setup.refuse_small_disk(str(tmp_path))
    assert "needs 8 GB" in sentence(error) and "7.9 GB" in sentence(error)


def test_a_missing_browser_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(setup.CannotSetUp) as error:
        setup.refuse_missing_tool("chromium")
    assert "apt-get install chromium" in sentence(error)


def test_the_script_parses_on_the_pythons_it_refuses() -> None:
    tree = ast.parse((ROOT / "scripts" / "setup.py").read_text("utf-8"), feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer) or getattr(node, "annotation", None)]
    roots = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert roots <= sys.stdlib_module_names and not [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]


# -- stamps -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the pins and something that looks like an environment."""
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
    monkeypatch.setattr(setup, "run", lambda *command: noted.append(command))
    monkeypatch.setenv("COURSE_VI_MIN_DISK_GB", "0")
    return noted


def test_a_second_set_up_does_nothing_until_the_pins_change(clone: Path, commands: list[tuple[str, ...]]) -> None:
    root = str(clone)
    assert setup.set_up(["lab", "test"], root)
    assert [command[-1] for command in commands] == ["setuptools", f"{root}[lab,test]"]
    commands.clear()
    os.utime(clone / "constraints.txt", (0, 0))
    assert not setup.set_up(["lab", "test"], root) and not setup.set_up(["lab"], root) and commands == []
    with (clone / "constraints.txt").open("a") as pins:
        pins.write("zzz==1\n")
    assert setup.set_up(["lab"], root)
    assert commands[-1][-1] == f"{root}[lab,test]", "what is there already follows the pins too"


def test_a_set_up_that_failed_is_done_again(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = [0, 0, 0, 1, 0, 0]
    monkeypatch.setattr(setup.subprocess, "call", lambda command, cwd: codes.pop(0))
    monkeypatch.setenv("COURSE_VI_MIN_DISK_GB", "0")
    assert setup.set_up(["lab"], str(clone))
    (clone / "constraints.txt").write_text("zzz==1\n")
    with pytest.raises(setup.CannotSetUp, match="run the same command again"):
        setup.set_up(["lab"], str(clone))
    assert not list((clone / ".venv").glob(".stamp-*"))
    assert setup.set_up(["lab"], str(clone)) and not setup.set_up(["lab"], str(clone)) and codes == []


def test_an_environment_made_elsewhere_or_by_an_unfit_python_is_made_anew(clone: Path, tmp_path: Path) -> None:
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


# -- the learner's copies ---------------------------------------------------------------------------------------------


def test_a_learners_work_is_never_overwritten(tmp_path: Path) -> None:
    released, work = tmp_path / "notebooks", tmp_path / "work"
    for name in ("03/03.ipynb", "09/09.ipynb", "09/.ipynb_checkpoints/09.ipynb"):
        (released / name).parent.mkdir(parents=True, exist_ok=True)
        (released / name).write_text("released")
    (work / "03").mkdir(parents=True)
    (work / "03" / "03.ipynb").write_text("mine")
    assert lab.copy_missing(released, work) == [work / "09" / "09.ipynb"]
    assert (work / "03" / "03.ipynb").read_text() == "mine" and (work / "09" / "09.ipynb").read_text() == "released"
    assert lab.copy_missing(released, work) == []


def test_jupyterlab_opens_on_a_page_that_exists() -> None:
    assert (ROOT / lab.LANDING).is_file()
    defaults = json.loads((lab.SETTINGS / "overrides.json").read_text("utf-8"))
    assert defaults["@jupyterlab/docmanager-extension:plugin"]["defaultViewers"] == {"markdown": "Markdown Preview"}


@pytest.mark.slow
def test_jupyterlab_is_served_on_the_course(tmp_path: Path) -> None:
    course, word = tmp_path / "a course", "token=word"
    shutil.copytree(ROOT / "scripts", course / "scripts")
    (course / "notebooks" / "09").mkdir(parents=True)
    (course / "notebooks" / "09" / "09.ipynb").write_text("{}")
    (course / lab.LANDING).write_text("# Welcome")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={address.split(':')[-1]}"]
    command = [sys.executable, str(course / "scripts" / "lab.py"), *options, f"--IdentityProvider.{word}"]
    homes = {name: str(tmp_path) for name in ("HOME", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR")}
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | homes, start_new_session=True)
    try:
        for _ in range(120):
            try:
                answer = urllib.request.urlopen(f"{address}/?{word}", timeout=10)
                break
            except ConnectionError:
                pass
            except urllib.error.URLError as error:
                assert isinstance(error.reason, ConnectionError), error
            assert server.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.5)
        with answer:
            assert answer.url.partition("?")[0] == f"{address}/lab/tree/{lab.LANDING}"
        with urllib.request.urlopen(f"{address}/api/contents/{lab.LANDING}?type=file&{word}", timeout=10) as answer:
            assert json.load(answer)["content"] == "# Welcome"
        assert (course / "work" / "09" / "09.ipynb").read_text() == "{}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)
