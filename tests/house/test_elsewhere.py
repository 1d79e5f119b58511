"""What opens the course elsewhere agrees with the course: versions, commands, folders, licences; and links are made for any address."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import colab, elsewhere, setup

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OLDEST = ".".join(map(str, setup.OLDEST))


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def workflow(name: str) -> Any:
    return yaml.safe_load(text(f".github/workflows/{name}.yml"))


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", text("Makefile"), re.M))


# -- citing and licences --------------------------------------------------------------------------------------------------


def test_the_citation_has_what_its_format_requires() -> None:
    """The keys that CFF 1.2.0 requires; the file itself was validated by cffconvert 2.0.0."""
    cited = yaml.safe_load(text("CITATION.cff"))
    assert cited["cff-version"] == "1.2.0" and cited["message"] and cited["title"]
    assert cited["authors"] == PROJECT["authors"]
    assert str(cited["version"]) == PROJECT["version"]
    assert cited["license"] == PROJECT["license"] == "MIT"


def test_each_licence_is_what_its_name_says_and_the_readme_names_both() -> None:
    assert text("LICENSE").startswith("MIT License\n") and PROJECT["license-files"] == ["LICENSE"]
    assert text("LICENSE-text").startswith("Attribution 4.0 International\n")
    assert "Section 8 -- Interpretation." in text("LICENSE-text")
    assert "[MIT licence](LICENSE)" in text("README.md")
    assert "[CC BY 4.0](LICENSE-text)" in text("README.md")


# -- places -------------------------------------------------------------------------------------------------------------


def test_binder_takes_the_road_of_everyone() -> None:
    assert text("binder/runtime.txt") == f"python-{OLDEST}\n"
    steps = text("binder/postBuild")
    assert "python3 scripts/setup.py lab\n" in steps and "scripts/lab.py --prepare" in steps
    assert not re.search(r"==|pip install", steps), "versions stand in constraints.txt alone"
    for name in re.findall(r"scripts/[\w/]+\.\w+", steps):
        assert (ROOT / name).exists(), name
    for name in ("binder/postBuild", "binder/start"):
        assert os.access(ROOT / name, os.X_OK)
        subprocess.run(["bash", "-n", str(ROOT / name)], check=True)


def test_a_codespace_is_the_first_stage_of_the_container() -> None:
    place = json.loads(text(".devcontainer/devcontainer.json"))
    recipe = (ROOT / ".devcontainer" / place["build"]["dockerfile"]).resolve()
    assert recipe == ROOT / "Containerfile"
    assert f" AS {place['build']['target']}\n" in text("Containerfile")
    assert f" {place['remoteUser']}\n" in text("Containerfile"), "the user is made there"
    target = re.match(r"make (\S+) && ", place["postCreateCommand"])
    assert target and target[1] in targets() and "--prepare" in place["postCreateCommand"]


def test_the_container_has_the_oldest_python_and_the_pins() -> None:
    recipe = text("Containerfile")
    assert f"ARG BASE=python:{OLDEST}-" in recipe
    assert "-c constraints.txt" in recipe and "==" not in recipe
    for target in re.findall(r"make (\w+)", recipe):
        assert target in targets() | {"podman"}, target
    left_out = text(".dockerignore").splitlines()
    assert {".git", ".venv", "work", "autograder/class.data"} <= set(left_out)
    for name in ("src", "autograder", "scripts", "lectures", "notebooks", "Makefile"):
        assert name not in left_out


def test_colab_keeps_its_kernel_and_gets_the_pins() -> None:
    command = colab.pip_command()
    assert command[command.index("-c") + 1] == str(ROOT / "constraints.txt")
    assert command[command.index("-e") + 1] == str(ROOT)
    lab = PROJECT["optional-dependencies"]["lab"]
    given = command[command.index("-e") + 2 :]
    assert sorted([*given, *colab.THEIRS]) == sorted(lab)


def test_workflows_run_targets_that_exist_and_publish_what_they_make() -> None:
    for name in ("site", "test"):
        (job,) = workflow(name)["jobs"].values()
        runs = [step["run"] for step in job["steps"] if "run" in step]
        assert f"make {name}" in runs and name in targets()
        (python,) = [step for step in job["steps"] if "setup-python" in step.get("uses", "")]
        assert python["with"]["python-version"] == OLDEST
    paths = [step["with"]["path"] for step in workflow("site")["jobs"]["site"]["steps"] if "path" in step.get("with", {})]  # fmt: skip
    assert paths == ["build/site/verdicts.json", "build/site/html"]
    told = text("autograder/commands/site.py") + text("autograder/site/book.py")
    assert '"build" / "site"' in told and '"verdicts.json"' in told and '/ "html"' in told


# -- links --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["", "https://github.com/", "git@github.com:"])
def test_any_spelling_of_an_address_is_read(before: str) -> None:
    for after in ("", ".git", "/"):
        assert elsewhere.repository(f"{before}ann/course{after}") == "ann/course"


@pytest.mark.parametrize("given", ["course", "https://example.org/ann/course", "a/b/c", ""])
def test_another_address_is_refused(given: str) -> None:
    with pytest.raises(elsewhere.CannotTell, match="expected OWNER/NAME"):
        elsewhere.repository(given)


def test_links_are_written_once_and_can_be_written_again(tmp_path: Path) -> None:
    for name in ("README.md", "CITATION.cff"):
        shutil.copy(ROOT / name, tmp_path)
    before = (tmp_path / "README.md").read_text("utf-8")
    elsewhere.write("ann/course", "main", tmp_path)
    elsewhere.write("bea/other", "next", tmp_path)
    page = (tmp_path / "README.md").read_text("utf-8")
    assert "ann/course" not in page and page.count(elsewhere.BEGIN) == 1
    assert "(https://mybinder.org/v2/gh/bea/other/next?urlpath=lab/tree/work/START.md)" in page
    notebook = re.search(r"colab\.research\.google\.com/github/bea/other/blob/next/([\w/.]+)", page)
    assert notebook and (ROOT / notebook[1]).exists()
    cited = yaml.safe_load((tmp_path / "CITATION.cff").read_text("utf-8"))
    assert cited["repository-code"] == "https://github.com/bea/other"
    cut = re.sub(f"{re.escape(elsewhere.BEGIN)}.*?{re.escape(elsewhere.END)}\n\n", "", page, flags=re.DOTALL)  # fmt: skip
    assert cut == re.sub(f"{re.escape(elsewhere.BEGIN)}.*?{re.escape(elsewhere.END)}\n\n", "", before, flags=re.DOTALL)  # fmt: skip


def test_a_page_without_the_section_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# course\n")
    shutil.copy(ROOT / "CITATION.cff", tmp_path)
    with pytest.raises(elsewhere.CannotTell, match="no section"):
        elsewhere.write("ann/course", "main", tmp_path)
