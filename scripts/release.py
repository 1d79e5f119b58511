"""Build the library alone, `course_vi` without its checks and notebooks, and try it where nothing else is: `make release`.

A release is refused from a tree with changes, where versions disagree, or where its tag (`v` and the version) names another commit. What is
built is made of the tracked files of `src/course_vi`: an sdist, and a wheel from that sdist. The wheel is installed into an empty
environment, with the pins of `constraints.txt`, and must pull in nothing of a notebook (`wheel_trial.py`). What passed is in `dist/`.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TRIAL = Path(__file__).with_name("wheel_trial.py")
OF_NOTEBOOKS = re.compile(r"(jupyter|ipy|notebook|nb|widgetsnbextension|sphinx|pytest)")
HOOKS = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"
READ_ME = """# course_vi

{about}

The library of an open course on variational learning. Each method is a choice of model, family, bound and gradient, and every part says
its formula, its shapes and what it refuses, with an example that runs. Begin with `course_vi.mini_vi`, the whole idea on one page.
Lectures, problem sets and their checks are in the repository, not here.
"""


class CannotRelease(Exception):
    """Something stands in the way; the message is the sentence to read."""


def git(root: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))


# -- what must hold before anything is built --------------------------------------------------------------------------


def agreed_version(root: Path) -> str:
    """The version, which pyproject.toml and CITATION.cff must give alike."""
    ours = project(root)["project"]["version"]
    cited = re.search(
        r"^version: *[\"']?([^\s\"']+)", (root / "CITATION.cff").read_text("utf-8"), re.M
    )
    if not cited or cited[1] != ours:
        raise CannotRelease(
            f"pyproject.toml says version {ours}, CITATION.cff {cited and cited[1]}; expected the same."
        )
    return str(ours)


def refuse_dirty_tree(root: Path) -> None:
    changed = git(root, "status", "--porcelain").splitlines()
    if changed:
        raise CannotRelease(
            f"The tree has {len(changed)} changes, such as {changed[0]!r}; commit or remove them first."
        )


def refuse_wrong_tag(root: Path, version: str) -> None:
    """A commit may bear no tag yet; if it bears one of a version, or another commit bears this one, something is amiss."""
    here = [
        tag for tag in git(root, "tag", "--points-at", "HEAD").splitlines() if re.match(r"v\d", tag)
    ]
    if here and here != [f"v{version}"]:
        raise CannotRelease(f"This commit is tagged {', '.join(here)}; expected v{version}.")
    if not here and git(root, "tag", "--list", f"v{version}"):
        raise CannotRelease(
            f"v{version} is the tag of another commit; raise the version in pyproject.toml and CITATION.cff."
        )


# -- the library alone ------------------------------------------------------------------------------------------------


def toml(value: Any) -> str:
    """A value as TOML; what is neither table nor list is written as in JSON."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml(key)} = {toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def core_settings(root: Path) -> str:
    """pyproject.toml of the library alone: that of the course without the checks, the tools and the jail's entry point."""
    whole = project(root)
    kept = {key: value for key, value in whole["project"].items() if key != "entry-points"}
    kept["readme"] = "README.md"
    kept["optional-dependencies"] = {"lab": kept["optional-dependencies"]["lab"]}
    home = re.search(
        r"^repository-code: *\"(.+)\"", (root / "CITATION.cff").read_text("utf-8"), re.M
    )
    if home:
        kept["urls"] = {"Repository": home[1]}
    tools = {
        "package-dir": {"": "src"},
        "packages": {"find": {"where": ["src"], "namespaces": False}},
        "package-data": {"course_vi": whole["tool"]["setuptools"]["package-data"]["course_vi"]},
    }
    tables = {"build-system": whole["build-system"], "project": kept, "tool.setuptools": tools}
    return "\n".join(
        "\n".join([f"[{name}]", *(f"{key} = {toml(value)}" for key, value in table.items()), ""])
        for name, table in tables.items()
    )


def tracked(root: Path) -> list[str]:
    """Files of the library, as `course_vi/...`."""
    names = git(root, "ls-files", "src/course_vi").splitlines()
    return sorted(name.removeprefix("src/") for name in names)


def stage(root: Path, folder: Path) -> None:
    for name in tracked(root):
        (folder / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / "src" / name, folder / "src" / name)
    shutil.copyfile(root / "LICENSE", folder / "LICENSE")
    (folder / "pyproject.toml").write_text(core_settings(root), "utf-8")
    about = project(root)["project"]["description"]
    (folder / "README.md").write_text(READ_ME.format(about=about + "."), "utf-8")


def hook(name: str, source: Path, out: Path, epoch: str) -> Path:
    """Call one of the build backend's hooks (PEP 517) in a process of its own; the file that it made."""
    command = [sys.executable, "-c", HOOKS, name, str(out)]
    environment = os.environ | {"SOURCE_DATE_EPOCH": epoch}
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise CannotRelease(f"setuptools did not build it ({name}):\n{done.stderr[-2000:]}")
    return out / done.stdout.splitlines()[-1]


def build(root: Path, out: Path) -> tuple[Path, Path]:
    """The sdist, and the wheel that is built from it; the wheel holds every tracked file of the library and no other."""
    epoch = git(root, "log", "-1", "--format=%ct")
    with tempfile.TemporaryDirectory() as place:
        source, unpacked = Path(place, "source"), Path(place, "unpacked")
        source.mkdir()
        stage(root, source)
        sdist = hook("build_sdist", source, out, epoch)
        with tarfile.open(sdist) as archive:
            archive.extractall(unpacked, filter="data")
        wheel = hook("build_wheel", next(unpacked.iterdir()), out, epoch)
    names = zipfile.ZipFile(wheel).namelist()
    held = sorted(name for name in names if ".dist-info/" not in name)
    if held != tracked(root):
        odd = sorted(set(held) ^ set(tracked(root)))
        raise CannotRelease(
            f"The wheel and the tracked files differ in {len(odd)}, such as {odd[0]}."
        )
    return sdist, wheel


# -- the trial --------------------------------------------------------------------------------------------------------


def try_out(wheel: Path, pins: Path, version: str) -> str:
    """Install the wheel where nothing else is, look at what came along, and run the trial in another folder."""
    with tempfile.TemporaryDirectory() as place:
        venv, elsewhere = Path(place, "venv"), Path(place, "elsewhere")
        elsewhere.mkdir()
        python = str(venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

        def run(*words: str) -> str:
            done = subprocess.run(
                words, cwd=elsewhere, env=environment, capture_output=True, text=True
            )
            if done.returncode:
                raise CannotRelease(
                    f"{' '.join(words[1:4])} failed:\n{(done.stdout + done.stderr)[-2000:]}"
                )
            return done.stdout

        run(sys.executable, "-m", "venv", str(venv))
        pip = (python, "-m", "pip", "--disable-pip-version-check")
        run(*pip, "install", "--quiet", "-c", str(pins), str(wheel))
        run(*pip, "check")
        names = sorted(
            each["name"].lower() for each in json.loads(run(*pip, "list", "--format=json"))
        )
        too_much = [name for name in names if OF_NOTEBOOKS.match(name)]
        if too_much:
            raise CannotRelease(
                f"Installing the library pulls in {', '.join(too_much)}; expected none of them."
            )
        told = run(python, "-I", str(TRIAL), version).strip()
    return f"{told}; {len(names)} packages in the environment"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build and try the library alone.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    out = parser.parse_args(arguments).out.resolve()
    try:
        version = agreed_version(ROOT)
        refuse_dirty_tree(ROOT)
        refuse_wrong_tag(ROOT, version)
        with tempfile.TemporaryDirectory() as place:
            files = build(ROOT, Path(place))
            print(f"built {files[1].name}; installing it into an empty environment ...", flush=True)
            print(try_out(files[1], ROOT / "constraints.txt", version))
            out.mkdir(parents=True, exist_ok=True)
            sums = []
            for file in files:
                shutil.copy(file, out)
                sums.append(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n")
        (out / "SHA256SUMS").write_text("".join(sums), "utf-8")
    except CannotRelease as reason:
        print(reason, file=sys.stderr)
        return 1
    print(
        f"wrote {', '.join(file.name for file in files)} and SHA256SUMS; to tag it: git tag v{version}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
