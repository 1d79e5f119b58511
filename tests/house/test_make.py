"""The targets of the Makefile: what each sets up and runs, and what `make lab` opens."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from course_vi.progress.start_page import PAGE
from scripts import lab

ROOT = Path(__file__).resolve().parents[2]


def make(*arguments: str, **environment: str) -> str:
    quiet = {
        key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))
    }
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=quiet | environment, capture_output=True, text=True, check=True
    ).stdout


def test_make_alone_describes_every_target() -> None:
    told = dict(re.fullmatch(r"make (\S+) +(\S.*)", line).groups() for line in make().splitlines())
    assert set(told) == {
        "help",
        "setup",
        "lab",
        "test",
        "test-all",
        "test-everything",
        "grade",
        "notebooks",
        "audit",
        "site",
        "site-serve",
        "slides",
        "release",
        "clean",
    }
    assert all(len(line) <= 120 for line in make().splitlines())


@pytest.mark.parametrize(
    ("target", "extras", "command"),
    [
        ("setup", "lab", ""),
        ("lab", "lab", "scripts/lab.py --no-browser"),
        ("test", "lab grade test", 'pytest -n 2 --dist loadgroup -m "not slow and not browser"'),
        (
            "test-all",
            "--needs chromium lab grade test site",
            '-m pytest -n 2 --dist loadgroup -m "not everything"',
        ),
        (
            "test-everything",
            "--needs chromium lab grade test site",
            "-m pytest -n 2 --dist loadgroup",
        ),
        ("grade", "lab grade", "-m autograder grade --sample"),
        ("notebooks", "lab grade", "-m autograder notebooks"),
        ("audit", "lab grade", "-m autograder audit 09"),
        ("site", "lab grade site", "-m autograder site"),
        ("site-serve", "lab grade site", "-m autograder site --serve 8000"),
        ("slides", "lab grade site", "-m autograder slides 09"),
        ("release", "lab", "scripts/release.py"),
    ],
)
def test_each_target_sets_up_what_it_needs_and_no_more(
    target: str, extras: str, command: str
) -> None:
    told = make("-n", target, "LAB_ARGS=--no-browser", "UNIT=09")
    assert re.search(rf"scripts/setup\.py +{extras}\n", told), told
    assert command in told


def test_ci_runs_what_everyone_runs() -> None:
    steps = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert steps[-1] == "exec make --no-print-directory test"


def test_what_people_and_tools_leave_behind_is_not_committed() -> None:
    left = [
        "work/09/a.ipynb",
        "autograder/class.data/gradebook.db",
        ".venv/bin/python",
        "src/course_vi.egg-info/x",
    ]
    left += [
        "lectures/.ipynb_checkpoints/x.ipynb",
        ".nbgrader.log",
        "tests/__pycache__/x.pyc",
        ".hypothesis/x",
    ]
    told = subprocess.run(
        ["git", "check-ignore", "--no-index", *left], cwd=ROOT, capture_output=True, text=True
    )
    assert told.stdout.split() == left


# -- JupyterLab ----------------------------------------------------------------------------------------------------------


def test_jupyterlab_opens_on_the_start_page() -> None:
    assert lab.LANDING == f"work/{PAGE}"
    defaults = json.loads((lab.SETTINGS / "overrides.json").read_text("utf-8"))
    assert defaults["@jupyterlab/docmanager-extension:plugin"]["defaultViewers"] == {
        "markdown": "Markdown Preview"
    }


def test_who_is_root_is_told_how_to_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert lab.main(["--no-browser"]) == 1
    assert "LAB_ARGS=--allow-root" in capsys.readouterr().err


def test_prepare_fills_the_folder_and_opens_nothing(tmp_path: Path) -> None:
    """As Binder, Codespaces and Colab need it; root has no say to give there."""
    course = tmp_path / "course"
    shutil.copytree(ROOT / "scripts", course / "scripts")
    (course / "notebooks" / "09").mkdir(parents=True)
    (course / "notebooks" / "09" / "09.ipynb").write_text("{}")
    command = [sys.executable, str(course / "scripts" / "lab.py"), "--prepare"]
    environment = os.environ | {"HOME": str(tmp_path), "JUPYTER_DATA_DIR": str(tmp_path / "data")}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    assert (course / "work" / "09" / "09_problems.ipynb").read_text() == "{}"
    assert (course / lab.LANDING).read_text("utf-8").startswith("# Variational learning")


@pytest.mark.slow
def test_jupyterlab_is_served_on_the_course(tmp_path: Path) -> None:
    course, word = tmp_path / "a course", "token=word"
    shutil.copytree(ROOT / "scripts", course / "scripts")
    (course / "notebooks" / "09").mkdir(parents=True)
    (course / "notebooks" / "09" / "09.ipynb").write_text("{}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={address.split(':')[-1]}"]
    command = [
        sys.executable,
        str(course / "scripts" / "lab.py"),
        *options,
        f"--IdentityProvider.{word}",
    ]
    homes = {
        name: str(tmp_path) for name in ("HOME", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    }
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, env=os.environ | homes, start_new_session=True
        )
    try:
        for _ in range(360):
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
        with urllib.request.urlopen(
            f"{address}/api/contents/{lab.LANDING}?type=file&{word}", timeout=10
        ) as answer:
            assert json.load(answer)["content"].startswith("# Variational learning")
        assert (course / "work" / "09" / "09_problems.ipynb").read_text() == "{}"
        with urllib.request.urlopen(f"{address}/api/contents?{word}", timeout=10) as answer:
            assert [each["name"] for each in json.load(answer)["content"]] == ["work"]
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)
