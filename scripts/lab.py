"""Fill `work/` with lectures and problem sets, and open JupyterLab on its start page.

Run it with the environment's Python: `make lab` does so, and on Windows or under conda `python scripts/lab.py` does.
What is in `work/` belongs to the learner: a file that they changed is never touched (`carry.py`). Further arguments go to JupyterLab
(`make lab LAB_ARGS="--no-browser --port=9999"`); two are ours: `--everything` shows the folders that only authors need, and `--prepare`
fills `work/` and ends, for places that bring a JupyterLab of their own (`docs/elsewhere.md`).
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # as a script, only its own folder is known

from scripts.carry import bring_up_to_date, trust  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
LANDING = "work/START.md"
SETTINGS = (
    ROOT / "scripts" / "lab_settings"
)  # defaults only (Markdown is shown rendered, no news); a learner's own settings win
EXTENSIONS = ROOT / "scripts" / "lab_extensions"  # links to sections lead there on the first click
# What a student has no use for: text masters, tracked copies, machinery. Hidden from the list of files, not locked away.
HIDDEN = (
    "__pycache__ *.pyc .* *~ [0-9][0-9]_*.py lectures notebooks autograder scripts tests benchmarks build docs binder *.egg-info "
    "Makefile constraints.txt environment.yml nbgrader_config.py pyproject.toml CONTRIBUTING.md CITATION.cff Containerfile LICENSE* lab.log"
).split()
WRITE_PAGE = (
    "from pathlib import Path\n"
    "from course_vi.progress.start_page import write_start_page\n"
    "write_start_page(Path('work'))"
)
AS_ROOT = (
    "You are root, as in most containers, and JupyterLab wants that said: make lab LAB_ARGS=--allow-root\n"
    'To reach it from outside of a container: make lab LAB_ARGS="--allow-root --no-browser --ip=0.0.0.0", with its port published.'
)


def main(arguments: list[str]) -> int:
    prepare = "--prepare" in arguments
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if is_root and not prepare and not any(each.startswith("--allow-root") for each in arguments):
        print(AS_ROOT, file=sys.stderr)
        return 1
    told = bring_up_to_date(ROOT, ROOT / "work")
    copied = [line for line in told if line.endswith(": copied")]
    for line in [line for line in told if line not in copied] + (
        [f"work/: {len(copied)} files copied, yours to run and write in"] if copied else []
    ):
        print(line, flush=True)
    os.chdir(ROOT)
    # One thread is fastest for models of this size, and keeps two open notebooks out of each other's way.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    page = subprocess.Popen(
        [sys.executable, "-c", WRITE_PAGE]
    )  # both load for seconds: side by side
    if prepare:
        trust(ROOT / "work")
        return page.wait()
    from jupyterlab.labapp import LabApp

    trust(ROOT / "work")
    if not (
        ROOT / LANDING
    ).exists():  # else there is one to show, and it is brought up to date meanwhile
        page.wait()
    landing = LANDING if (ROOT / LANDING).exists() else "README.md"
    everything = "--everything" in arguments
    defaults = [
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url=/lab/tree/{landing}",
        f"--LabApp.app_settings_dir={SETTINGS}",
        f"--LabApp.extra_labextensions_path={EXTENSIONS}",
        *([] if everything else [f"--ContentsManager.hide_globs={glob}" for glob in HIDDEN]),
    ]
    LabApp.launch_instance(defaults + [each for each in arguments if each != "--everything"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
