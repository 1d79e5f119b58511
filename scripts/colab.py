"""Make a place ready whose kernel is its own, such as Colab: `python scripts/colab.py`, then restart the session.

Kernel, JupyterLab and widgets are left as the place has them, since its pages depend on them. Everything else that the course imports
is installed into the running Python, in the versions of `constraints.txt`, and `work/` is filled (`docs/elsewhere.md`).
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
THEIRS = ("jupyterlab", "ipykernel", "ipywidgets")  # what such a place brings along


def pip_command(root: Path = ROOT) -> list[str]:
    """What installs the course here: the core by its own list, and of the extra [lab] what is no machinery of notebooks."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    lab = project["optional-dependencies"]["lab"]
    ours = [each for each in lab if re.match(r"[\w.-]+", each)[0] not in THEIRS]
    pins = str(root / "constraints.txt")
    return [sys.executable, "-m", "pip", "install", "--quiet", "-c", pins, "-e", str(root), *ours]


def main() -> int:
    print("Installing the course: some minutes, mostly for PyTorch.", flush=True)
    code = subprocess.call(pip_command()) or subprocess.call(
        [sys.executable, str(ROOT / "scripts" / "lab.py"), "--prepare"]
    )
    if code:
        print("It stopped half-way; what pip said stands above.", file=sys.stderr)
        return code
    print(
        "Now restart the session (in Colab: Runtime, Restart session), and go to the folder of your unit before you run its notebook:\n"
        f"  %cd {ROOT / 'work' / 'NN_name'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
