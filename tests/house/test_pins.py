"""The pins agree with each other, with what is installed, and with what each kind of reader needs."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import setuptools
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts import setup

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PIN_LINES = [
    line
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    if line[:1] not in ("#", "")
]
PINS = dict(line.split("==") for line in PIN_LINES)
EXTRAS = PROJECT["optional-dependencies"]
DIRECT = [
    Requirement(line) for group in (PROJECT["dependencies"], *EXTRAS.values()) for line in group
]


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


def test_reading_a_notebook_loads_no_compiler_of_grammars() -> None:
    """jsonschema 4.25 to 4.26 load rfc3987_syntax where it is installed: two seconds at the start of the server, of every command
    that reads a notebook, and of every worker. A newer version is welcome when this holds again."""
    code = "import sys, nbformat; print([name for name in ('lark', 'rfc3987_syntax') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_everything_that_is_pulled_in_is_pinned_and_installed_so() -> None:
    """The environment these tests run in is the pinned one, to the last indirect dependency."""
    book = {Requirement(line).name for line in EXTRAS["site"]}  # `make test` does without it
    there = {canonicalize_name(each.name) for each in importlib.metadata.distributions()}
    waiting = [each.name for each in DIRECT if each.name in there or each.name not in book]
    seen = set()
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
    low, high = (
        ".".join(map(str, version)) for version in (setup.OLDEST, (3, setup.NEWEST[1] + 1))
    )
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
    assert (
        "://" not in text
        and "+cpu" not in text
        and "index-url" not in text
        and "find-links" not in text
    )


def test_a_learner_installs_no_tool_of_the_workshop() -> None:
    learners = {Requirement(line).name for line in PROJECT["dependencies"] + EXTRAS["lab"]}
    assert not learners & {Requirement(line).name for line in EXTRAS["grade"] + EXTRAS["test"]}
    assert set(EXTRAS) == set(setup.EXTRAS)


def test_neither_corpus_nor_submissions_are_installed(tmp_path: Path) -> None:
    for folder in ("checks", "units/unit_09/answers", "audit/attacks", "class.data/submitted/ann"):
        for package in (
            tmp_path / "autograder" / folder,
            *(tmp_path / "autograder" / folder).parents,
        ):
            if package.is_relative_to(tmp_path) and package != tmp_path:
                package.mkdir(parents=True, exist_ok=True)
                (package / "__init__.py").touch()
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"][
        "packages"
    ]["find"]
    found = setuptools.find_packages(
        str(tmp_path), exclude=rules["exclude"], include=rules["include"]
    )
    assert sorted(found) == [
        "autograder",
        "autograder.audit",
        "autograder.checks",
        "autograder.units",
        "autograder.units.unit_09",
    ]
