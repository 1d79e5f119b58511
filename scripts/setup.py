"""Make `.venv` ready: `python3 scripts/setup.py lab`, or with more extras, `lab grade test`; `--needs chromium` asks
first whether a tool of the system is there.

Every target of the Makefile passes through here, so the common case, nothing to do, must cost next to nothing. Each
installed extra leaves a stamp in `.venv` holding a digest of the pins, of pyproject.toml, of the environment's Python
and of the folder's place. As long as the digests agree, this script says nothing and ends. (File times would not do:
a clone or a checkout changes them.)

Only the standard library, and nothing newer than Python 2.7 on the way to saying that a Python is too old.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST, NEWEST = (3, 11), (3, 14)
MIN_DISK_GB = 8.0
EXTRAS = ("lab", "grade", "test", "site")
PACKAGES = {
    "lab": 130,
    "grade": 25,
    "test": 20,
    "site": 20,
}  # about how many pip names; the bar mends the number as it goes
# On all cores: pip takes one. A file for another Python fails, and does not matter.
COMPILE = "import compileall, sysconfig; compileall.compile_dir(sysconfig.get_path('purelib'), quiet=2, workers=0)"
TOOLS = {
    "chromium": (
        ("chromium", "chromium-browser", "google-chrome"),
        "The browser tests need Chromium and found none; on Debian or Ubuntu run `sudo apt-get install chromium`, "
        "elsewhere install Chrome, then run again.",
    ),
}


class CannotSetUp(Exception):
    """Something about the machine stands in the way; the message is the one sentence its owner reads."""


def dotted(version):
    return ".".join(str(part) for part in version[:2])


# -- what the machine must offer, asked before anything is touched ----------------------------------------------------


def find_on_path(commands):
    """The first of these commands that exists, or None."""
    which = getattr(shutil, "which", lambda command: None)  # Python 2 cannot look
    return next((command for command in commands if which(command)), None)


def refuse_wrong_python(version=tuple(sys.version_info)):
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return
    better = find_on_path(
        "python%s" % dotted((3, minor)) for minor in range(NEWEST[1], OLDEST[1] - 1, -1)
    )
    cure = (
        "this machine has one: run `PYTHON=%s make ...`" % better
        if better
        else "install one, then run again"
    )
    raise CannotSetUp(
        "The course needs Python %s to %s, and this is Python %s; %s."
        % (dotted(OLDEST), dotted(NEWEST), dotted(version), cure)
    )


def has_module(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def refuse_missing_venv(modules=("venv", "ensurepip")):
    for module in modules:
        if not has_module(module):
            raise CannotSetUp(
                "This Python cannot make a virtual environment (it has no `%s` module); on Debian or Ubuntu run "
                "`sudo apt install python%s-venv`, then run again."
                % (module, dotted(sys.version_info))
            )


def refuse_small_disk(folder=ROOT, least_gb=None):
    if least_gb is None:
        least_gb = float(os.environ.get("COURSE_VI_MIN_DISK_GB", MIN_DISK_GB))
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < least_gb:
        raise CannotSetUp(
            "Setting up needs %g GB of free disk and %s has %.1f GB; make room, then run again."
            % (least_gb, folder, free_gb)
        )


def refuse_missing_tool(tool):
    commands, sentence = TOOLS[tool]
    if find_on_path(commands) is None:
        raise CannotSetUp(sentence)


# -- the environment, as found ----------------------------------------------------------------------------------------


def python_of(venv):
    return (
        os.path.join(venv, "Scripts", "python.exe")
        if os.name == "nt"
        else os.path.join(venv, "bin", "python")
    )


def version_of(venv):
    """(3, 11, 7) as written in pyvenv.cfg; None where there is no environment, or its Python is gone."""
    settings = os.path.join(venv, "pyvenv.cfg")
    if not (os.path.exists(settings) and os.path.exists(python_of(venv))):
        return None
    with open(settings, encoding="utf-8") as lines:
        for line in lines:
            key, _, value = line.partition("=")
            if key.strip() in ("version", "version_info"):
                return tuple(int(part) for part in value.strip().split(".")[:3] if part.isdigit())
    return None


def digest(root, venv):
    """What an installed extra depends on; a renamed folder counts, since scripts in `.venv` hold its path."""
    parts = [repr(version_of(venv)).encode(), os.path.abspath(root).encode("utf-8")]
    for name in ("constraints.txt", "pyproject.toml"):
        with open(os.path.join(root, name), "rb") as pins:
            parts.append(pins.read().replace(b"\r\n", b"\n"))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def stamp(venv, extra):
    return os.path.join(venv, ".stamp-" + extra)


def missing(extras, root, venv):
    """Those extras that are not installed by today's pins."""
    now = digest(root, venv)
    late = []
    for extra in extras:
        try:
            with open(stamp(venv, extra)) as written:
                if written.read().strip() != now:
                    late.append(extra)
        except OSError:
            late.append(extra)
    return late


def usable(venv, root, asked_python=False):
    """May this environment be kept? Not if it was made elsewhere, or with a Python that is unfit or not asked for."""
    version = version_of(venv)
    if version is None or not OLDEST <= version[:2] <= NEWEST:
        return False
    if asked_python and version[:2] != tuple(sys.version_info[:2]):
        return False
    home = os.path.join(venv, ".home")
    if not os.path.exists(home):  # made by hand, as the README shows for Windows
        return True
    with open(home, encoding="utf-8") as written:
        return written.read().strip() == os.path.abspath(root)


# -- the work ---------------------------------------------------------------------------------------------------------


class Bar:
    """One line that says how far pip has come: it moves on a terminal, and is written now and then elsewhere.

    pip's own two hundred lines go to a file. The bar counts packages: first those that pip found, then all is installed at once.
    """

    WIDTH = 24

    def __init__(self, expected, out=None):
        self.expected, self.out = expected, out or sys.stdout
        self.moves = getattr(self.out, "isatty", lambda: False)()
        self.found, self.what, self.begun, self.written, self.length = 0, "", time.time(), -1, 0
        self.done = threading.Event()
        self.clock = threading.Thread(target=self.tick)
        self.clock.daemon = True

    def read(self, line):
        """Take in a line of pip's."""
        if re.match(r"(Collecting|Obtaining|Requirement already) ", line):
            self.found += 1
        coming = re.match(r"\s*Downloading (?:\S*/)?([A-Za-z0-9_.]+?)-\d\S* \((\d.*B)\)", line)
        if coming:
            self.what = "%s, %s" % coming.groups()
        elif line.startswith("Installing collected packages"):
            self.expected = self.found = line.count(",") + 1
            self.what = "unpacking"
        if not self.moves and 4 * self.found // max(self.expected, 1) > self.written:
            self.written = 4 * self.found // max(self.expected, 1)
            self.write("\n")

    def line(self):
        self.expected = max(self.expected, self.found)
        full = self.WIDTH * self.found // max(self.expected, 1)
        minutes, seconds = divmod(int(time.time() - self.begun), 60)
        return "[%s%s] %d packages, %d:%02d  %s" % (
            "#" * full,
            "." * (self.WIDTH - full),
            self.found,
            minutes,
            seconds,
            self.what,
        )

    def write(self, end):
        text = self.line()[:99]
        self.out.write(
            ("\r" if self.moves else "") + text + " " * (self.length - len(text)) * self.moves + end
        )
        self.length = len(text)
        self.out.flush()

    def tick(self):
        while not self.done.wait(1.0):
            self.write("")

    def __enter__(self):
        if self.moves:
            self.clock.start()
        return self

    def __exit__(self, *error):
        self.done.set()
        if self.moves:
            self.clock.join()
            self.what = ""
            self.write("\n")


def watch(command, log, expected=0):
    """Run a command, its output into the file ``log`` and, where packages are expected, a bar on the screen; its exit code."""
    bar = Bar(expected) if expected else None
    with open(log, "a") as written:
        written.write("$ %s\n" % " ".join(command))
        written.flush()
        if bar is None:
            return subprocess.call(command, cwd=ROOT, stdout=written, stderr=written)
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )
        with bar:
            for line in process.stdout:
                written.write(line)
                bar.read(line)
        return process.wait()


def run(*command, **kwargs):
    """Run a command, or stop with what it said last."""
    log = kwargs.get("log") or os.path.join(ROOT, ".setup.log")
    if watch(command, log, kwargs.get("expected", 0)) != 0:
        with open(log) as written:
            sys.stderr.write("".join(written.readlines()[-12:]))
        raise CannotSetUp(
            "Set-up stopped half-way (see above; all of it is in %s); run the same command again to go on from here."
            % log
        )


def install(extras, root, venv):
    python = python_of(venv)
    now = digest(root, venv)
    for extra in extras:
        if os.path.exists(stamp(venv, extra)):
            os.remove(stamp(venv, extra))
    pins = os.path.join(root, "constraints.txt")
    pip = (python, "-m", "pip", "install", "--disable-pip-version-check", "-c", pins)
    log = os.path.join(venv, "setup.log")
    run(*pip + ("--quiet", "setuptools"), log=log)
    expected = sum(PACKAGES[extra] for extra in extras)
    wanted = "%s[%s]" % (root, ",".join(extras))
    run(*pip + ("--no-compile", "--no-build-isolation", "-e", wanted), log=log, expected=expected)
    if not os.environ.get("CI"):  # whose environment is used once
        print("Compiling, for a quick start later ...")
        sys.stdout.flush()
        run(python, "-c", COMPILE, log=log)
    for extra in extras:
        with open(stamp(venv, extra), "w") as out:
            out.write(now + "\n")


def set_up(extras, root=ROOT, asked_python=False):
    """Returns True if there was something to do."""
    venv = os.path.join(root, ".venv")
    keep = usable(venv, root, asked_python)
    if keep and not missing(extras, root, venv):
        return False
    if not keep:
        refuse_wrong_python()
        refuse_missing_venv()
    refuse_small_disk(root)
    if not keep:
        print("Making .venv with Python %s ..." % dotted(sys.version_info))
        run(sys.executable, "-m", "venv", "--clear", venv)
        with open(os.path.join(venv, ".home"), "w", encoding="utf-8") as out:
            out.write(os.path.abspath(root) + "\n")
    # What was installed by older pins is brought up to date along with what is asked for now.
    extras = [extra for extra in EXTRAS if extra in extras or os.path.exists(stamp(venv, extra))]
    print(
        "Installing the course with [%s]: some minutes the first time, mostly for PyTorch (2 GB on Linux)."
        % ",".join(extras)
    )
    sys.stdout.flush()
    install(extras, root, venv)
    return True


def main(arguments):
    options = argparse.ArgumentParser(description="Make .venv ready.")
    options.add_argument("extras", nargs="*", help="any of %s" % ", ".join(EXTRAS))
    options.add_argument(
        "--needs", choices=sorted(TOOLS), help="a tool of the system that must be there"
    )
    options.add_argument(
        "--this-python", action="store_true", help="make .venv anew if it holds another Python"
    )
    chosen = options.parse_args(arguments)
    unknown = [extra for extra in chosen.extras if extra not in EXTRAS]
    if unknown:
        options.error("there is no extra %s; choose from %s" % (unknown[0], ", ".join(EXTRAS)))
    try:
        if chosen.needs:
            refuse_missing_tool(chosen.needs)
        if set_up(chosen.extras or ["lab"], asked_python=chosen.this_python):
            print("The set-up is complete.")
    except CannotSetUp as reason:
        sys.stdout.flush()
        sys.stderr.write("%s\n" % reason)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
