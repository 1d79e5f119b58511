"""Copy the problem sets to `work/` where they are missing, and open JupyterLab on the course.

Run it with the environment's Python: `make lab` does so, and on Windows or under conda `python scripts/lab.py` does.
What is in `work/` belongs to the learner: a file that is there is never touched. Further arguments go to JupyterLab.
"""

import os
import shutil
import sys
from pathlib import Path

from jupyterlab.labapp import LabApp

ROOT = Path(__file__).resolve().parent.parent
LANDING = "README.md"
SETTINGS = ROOT / "scripts" / "lab_settings"  # defaults only (Markdown is shown rendered, no news); a learner's own settings win


def copy_missing(released: Path, work: Path) -> list[Path]:
    """Copy each released file that `work` lacks; return the copies made, in order."""
    copied = []
    for source in sorted(path for path in released.rglob("*") if path.is_file()):
        target = work / source.relative_to(released)
        if ".ipynb_checkpoints" in source.parts or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        copied.append(target)
    return copied


def main(arguments: list[str]) -> None:
    for path in copy_missing(ROOT / "notebooks", ROOT / "work"):
        print(f"copied to {path.relative_to(ROOT).as_posix()}: yours to write in", flush=True)
    os.chdir(ROOT)
    # One thread is fastest for models of this size, and keeps two open notebooks out of each other's way.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    defaults = [
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url=/lab/tree/{LANDING}",
        f"--LabApp.app_settings_dir={SETTINGS}",
    ]
    LabApp.launch_instance(defaults + arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
