"""A release is refused where it should be, and what is released is the library, whole and alone."""

from __future__ import annotations

import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest

from scripts import release

ROOT = release.ROOT


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository of two files with one commit."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CITATION.cff").write_text("version: 1.2.0\n")
    release.git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def commit(tree: Path) -> None:
    release.git(tree, "add", "-A")
    words = "-c user.name=ann -c user.email=ann@example.org commit --quiet --allow-empty -m x"
    release.git(tree, *words.split())


def test_versions_must_agree(tree: Path) -> None:
    assert release.agreed_version(tree) == "1.2.0"
    for other in ("version: 1.2.1\n", "title: none\n"):
        (tree / "CITATION.cff").write_text(other)
        with pytest.raises(release.CannotRelease, match=r"says version 1\.2\.0"):
            release.agreed_version(tree)


def test_a_tree_with_changes_is_refused(tree: Path) -> None:
    release.refuse_dirty_tree(tree)
    (tree / "new.txt").touch()
    with pytest.raises(release.CannotRelease, match="1 changes, such as .*new.txt"):
        release.refuse_dirty_tree(tree)


def test_the_tag_of_a_version_belongs_to_one_commit(tree: Path) -> None:
    release.refuse_wrong_tag(tree, "1.2.0")
    release.git(tree, "tag", "v1.2.0")
    release.refuse_wrong_tag(tree, "1.2.0")
    with pytest.raises(release.CannotRelease, match=r"tagged v1\.2\.0; expected v1\.3\.0"):
        release.refuse_wrong_tag(tree, "1.3.0")
    commit(tree)
    with pytest.raises(release.CannotRelease, match="another commit; raise the version"):
        release.refuse_wrong_tag(tree, "1.2.0")


def test_settings_of_the_library_are_those_of_the_course_without_the_checks() -> None:
    settings = tomllib.loads(release.core_settings(ROOT))
    whole = release.project(ROOT)["project"]
    ours = settings["project"]
    for key in ("version", "dependencies", "requires-python", "license", "authors"):
        assert ours[key] == whole[key]
    assert "entry-points" not in ours and set(ours["optional-dependencies"]) == {"lab"}
    assert "autograder" not in release.core_settings(ROOT)


def test_what_a_notebook_needs_is_recognised_and_what_the_library_needs_is_not() -> None:
    lab = ["jupyterlab", "ipykernel", "ipython", "ipywidgets", "nbformat", "nbgrader", "notebook"]
    core = ["torch", "numpy", "networkx", "scipy", "scikit-learn", "matplotlib", "tqdm", "zuko"]
    assert all(map(release.OF_NOTEBOOKS.match, lab))
    assert not any(map(release.OF_NOTEBOOKS.match, core))


def test_the_wheel_holds_every_file_of_the_library_and_no_other(tmp_path: Path) -> None:
    sdist, wheel = release.build(ROOT, tmp_path)
    version = release.agreed_version(ROOT)
    assert sdist.name == f"course_vi-{version}.tar.gz" and wheel.name.endswith("-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "course_vi/mini_vi.py" in names and "course_vi/py.typed" in names
    assert not [name for name in names if not name.startswith("course_vi")]
    assert any(name.endswith("licenses/LICENSE") for name in names)
    (tmp_path / "again").mkdir()
    assert release.build(ROOT, tmp_path / "again")[1].read_bytes() == wheel.read_bytes()


@pytest.mark.slow
def test_the_wheel_stands_alone(tmp_path: Path) -> None:
    """Installed into an empty environment, with its dependencies and nothing else."""
    wheel = release.build(ROOT, tmp_path)[1]
    told = release.try_out(wheel, ROOT / "constraints.txt", release.agreed_version(ROOT))
    assert "modules imported without a notebook" in told


def test_a_failed_build_says_why(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 3\n")
    with pytest.raises(release.CannotRelease, match="did not build it"):
        release.hook("build_wheel", tmp_path, tmp_path, "0")
    with pytest.raises(subprocess.CalledProcessError):
        release.git(tmp_path, "no-such-word")
