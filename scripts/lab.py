"""Copy the problem sets to `work/` where they are missing, and open JupyterLab on the course.

Run it with the environment's Python: `make lab` does so, and on Windows or under conda `python scripts/lab.py` does.
What is in `work/` belongs to the learner: a file with answers in it is never touched (`carry.py`). Further arguments go to JupyterLab.
"""

import os
import sys
from pathlib import Path

from jupyterlab.labapp import LabApp

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # as a script, only its own folder is known

from scripts.carry import bring_up_to_date  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
LANDING = "README.md"
SETTINGS = (
    ROOT / "scripts" / "lab_settings"
)  # defaults only (Markdown is shown rendered, no news); a learner's own settings win


def main(arguments: list[str]) -> None:
    for line in bring_up_to_date(ROOT / "notebooks", ROOT / "work"):
        print(line, flush=True)
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
