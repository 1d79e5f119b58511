"""A class on a JupyterHub, tried: release, fetch, submit, collect, grade, feedback, with a real hub on this machine alone.

    HUB/bin/python scripts/hub_trial.py --course-python .venv/bin/python --proxy PATH/TO/configurable-http-proxy

Run it as root on Linux, with a Python that has jupyterhub and this course's packages. It makes two users of the system for as long as it
runs, starts a hub on 127.0.0.1 whose login is a stand-in (nobody else can reach it), lets both students work through their
own servers, as JupyterLab does, and the instructor type nbgrader's commands. Everything lies in a temporary folder. Whatever
happens, the hub and its servers are stopped, and users and folder removed. It prints each step with its seconds, and ends with 0 only
if all of it worked.
"""

import argparse
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNIT = "03_elbo"
STUDENTS = ("vi_trial_ann", "vi_trial_ben")
COPIED = ("solutions", "notebooks")

HUB = """
c = get_config()  # noqa: F821
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.ConfigurableHTTPProxy.command = [{command!r}]
c.JupyterHub.db_url = "sqlite:///{home}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{home}/cookie_secret"
c.JupyterHub.authenticator_class = "dummy"  # a stand-in, on loopback: a course has its own
c.Authenticator.allowed_users = {students!r}
c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"  # each as a user of the system
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser"]
c.Spawner.environment = {environment!r}
c.Spawner.http_timeout = c.Spawner.start_timeout = 120
c.JupyterHub.services = [{{"name": "trial", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [
    {{"name": "trial", "scopes": ["admin:users", "admin:servers", "access:servers", "tokens"], "services": ["trial"]}}
]
"""
# What an administrator puts on the path of Jupyter's settings, for students and instructors alike.
EXCHANGE = """
c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "course_vi"
c.Exchange.root = "{exchange}"
"""


class Failed(Exception):
    """A step that did not do what it should; the message says which and what came."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description="try a class on a JupyterHub, on this machine alone"
    )
    parser.add_argument(
        "--course-python", default=str(ROOT / ".venv/bin/python"), help="that grades"
    )
    parser.add_argument(
        "--proxy", default=shutil.which("configurable-http-proxy"), help="the hub's proxy"
    )
    options = parser.parse_args()
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        parser.error("it makes users of the system: run it as root, on Linux")
    if not options.proxy:
        parser.error("there is no configurable-http-proxy on the path; say where it is: --proxy")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that it cleans up when it is ended
    home = Path(tempfile.mkdtemp(prefix="hub_trial_"))
    home.chmod(0o755)
    made: list[str] = []
    hub = None
    try:
        for name in STUDENTS:
            ran(
                "useradd",
                "--create-home",
                "--home-dir",
                str(home / name),
                "--shell",
                "/bin/bash",
                name,
            )
            made.append(name)
            can_run(name)
        (home / "exchange").mkdir()
        (home / "exchange").chmod(0o777)
        (home / "jupyter").mkdir()
        settings = home / "jupyter" / "nbgrader_config.py"
        settings.write_text(EXCHANGE.format(exchange=home / "exchange"))
        hub = start_hub(home, options.proxy)
        trial(home, hub, Instructor(home, options.course_python))
    except Failed as error:
        print(f"FAILED: {error}", file=sys.stderr)
        if (home / "hub.log").exists():
            print((home / "hub.log").read_text(errors="replace")[-4000:], file=sys.stderr)
        return 1
    finally:
        if hub:
            hub.stop()
        for name in made:
            subprocess.run(["userdel", name], capture_output=True)
        shutil.rmtree(home, ignore_errors=True)
    print("all of it worked")
    return 0


def trial(home: Path, hub: "Hub", instructor: "Instructor") -> None:
    """One problem set, from handing out to the pages that students read."""
    ann, ben = STUDENTS
    instructor.types("generate_assignment", UNIT)
    instructor.types("release_assignment", UNIT)
    for name in STUDENTS:
        hub.start_server(name)
        listed = hub.asks(name, "GET", "assignments?course_id=course_vi")
        expect(
            "the problem set is listed", UNIT, {each["assignment_id"] for each in listed["value"]}
        )
        hub.asks(
            name,
            "POST",
            "assignments/fetch",
            form={"course_id": "course_vi", "assignment_id": UNIT},
        )
    solve(hub, ann, all_of_it=True)
    solve(hub, ben, all_of_it=False)
    for name in STUDENTS:
        hub.asks(
            name,
            "POST",
            "assignments/submit",
            form={"course_id": "course_vi", "assignment_id": UNIT},
        )
    inbound = home / "exchange" / "course_vi" / "inbound"
    listing = subprocess.run(["ls", str(inbound)], user=ben, capture_output=True)
    expect("no student can list what was handed in", True, {listing.returncode != 0})
    instructor.types("collect", UNIT)
    instructor.types("autograde", UNIT)
    scores = instructor.scores()
    expect("Ann has the points of all checks", scores["max"], {scores[ann]})
    expect("Ben has the points of one exercise", True, {0 < scores[ben] < scores["max"]})
    print(f"        {ann} {scores[ann]:g}, {ben} {scores[ben]:g}, of {scores['max']:g} by checks")
    instructor.types("generate_feedback", UNIT)
    instructor.types("release_feedback", UNIT)
    for name in STUDENTS:
        form = {"course_id": "course_vi", "assignment_id": UNIT}
        hub.asks(name, "POST", "assignments/fetch_feedback", form=form)
        pages = list((home / name / UNIT / "feedback").rglob("*.html"))
        expect(f"{name} has one page of feedback", 1, {len(pages)})
        other = ben if name == ann else ann
        expect(f"it is {name}'s own", False, {other in pages[0].read_text("utf-8")})


def solve(hub: "Hub", name: str, all_of_it: bool) -> None:
    """Write answers into the fetched notebook, by the way JupyterLab saves it."""
    solutions = json.loads((ROOT / "solutions" / UNIT / f"{UNIT}.ipynb").read_text("utf-8"))
    right = {each["id"]: "".join(each["source"]) for each in solutions["cells"]}
    place = f"api/contents/{UNIT}/{UNIT}.ipynb"
    page = hub.asks(name, "GET", place)["content"]
    answers = [
        cell
        for cell in page["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution") and cell["cell_type"] == "code"
    ]
    for cell in answers if all_of_it else answers[1:2]:
        cell["source"] = right[cell["id"]]
    body = {"type": "notebook", "format": "json", "content": page}
    hub.asks(name, "PUT", place, body=body)


def expect(what: str, wanted: object, found: set) -> None:
    if wanted not in found:
        raise Failed(f"{what}: expected {wanted!r}, found {found!r}")
    print(f"        {what}")


def ran(*words: str, **options) -> str:
    """What a command printed; ``Failed`` if it failed."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=280, **options)
    if done.returncode:
        raise Failed(f"{' '.join(words)}: {done.stdout}{done.stderr}"[-3000:])
    return done.stdout


def can_run(name: str) -> None:
    """A student's server runs as the student: Python and its packages must be theirs to read."""
    try:
        words = [sys.executable, "-c", "import jupyterhub.singleuser, nbgrader"]
        done = subprocess.run(words, user=name, cwd="/", env={}, capture_output=True, text=True)
    except OSError as error:
        raise Failed(f"{sys.executable} is not for {name} to run: {error}") from error
    if done.returncode:
        raise Failed(f"{sys.executable}, run by {name}: {done.stderr[-500:]}")


class Instructor:
    """Who types nbgrader's commands, in a course of their own."""

    def __init__(self, home: Path, python: str) -> None:
        self.course, self.python = home / "course", python
        self.course.mkdir()
        for name in COPIED:
            shutil.copytree(ROOT / name / UNIT, self.course / name / UNIT)
        shutil.copy(ROOT / "nbgrader_config.py", self.course)
        self.environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            "JUPYTER_CONFIG_PATH": str(home / "jupyter"),
            "OMP_NUM_THREADS": "1",
        }

    def types(self, *words: str) -> None:
        start = time.perf_counter()
        ran(self.python, "-m", "nbgrader", *words, cwd=self.course, env=self.environment)
        print(
            f"{time.perf_counter() - start:6.1f}s instructor: nbgrader {' '.join(words)}",
            flush=True,
        )

    def scores(self) -> dict[str, float]:
        """Points by checks of each student, and their maximum."""
        script = (
            "import json\nfrom nbgrader.api import Gradebook\n"
            f"book = Gradebook('sqlite:///{self.course}/autograder/class.data/gradebook.db')\n"
            f"all = book.assignment_submissions({UNIT!r})\n"
            "told = {one.student.id: sum(n.code_score for n in one.notebooks) for one in all}\n"
            "told['max'] = sum(n.max_code_score for n in all[0].notebooks)\nprint(json.dumps(told))\n"
        )
        return json.loads(ran(self.python, "-c", script, env=self.environment).splitlines()[-1])


class Hub:
    """A hub that runs, spoken to by its own interface and by those of the students' servers."""

    def __init__(self, process: subprocess.Popen, address: str, token: str) -> None:
        self.process, self.address, self.token = process, address, token
        self.own: dict[str, str] = {}

    def start_server(self, name: str) -> None:
        start = time.perf_counter()
        self._call(f"hub/api/users/{name}", self.token, "POST", b"", (201, 409))
        self._call(f"hub/api/users/{name}/server", self.token, "POST", b"", (201, 202))
        told = self._call(f"hub/api/users/{name}/tokens", self.token, "POST", b"{}", (200, 201))
        self.own[name] = told["token"]
        for _ in range(240):
            if self._call(f"hub/api/users/{name}", self.token)["server"]:
                print(f"{time.perf_counter() - start:6.1f}s hub: a server for {name}", flush=True)
                return
            time.sleep(0.5)
        raise Failed(f"the server of {name} did not start in two minutes")

    def asks(
        self, name: str, method: str, place: str, form: dict | None = None, body: dict | None = None
    ) -> dict:
        """What a student's JupyterLab asks of the student's server."""
        start = time.perf_counter()
        data = (
            urllib.parse.urlencode(form).encode()
            if form
            else json.dumps(body).encode()
            if body
            else None
        )
        told = self._call(
            f"user/{name}/{place}", self.own[name], method, data, (200, 201), form is None
        )
        if told.get("success") is False:
            raise Failed(f"{name}, {place}: {told}")
        print(
            f"{time.perf_counter() - start:6.1f}s {name}: {method} {place.split('?')[0]}",
            flush=True,
        )
        return told

    def _call(
        self, place: str, token: str, method="GET", data=None, good=(200,), is_json=True
    ) -> dict:
        kind = "application/json" if is_json else "application/x-www-form-urlencoded"
        headers = {"Authorization": f"token {token}", "Content-Type": kind}
        request = urllib.request.Request(f"{self.address}/{place}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                status, text = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        except OSError as error:
            raise Failed(f"{method} {place}: {error}") from error
        if status not in good:
            raise Failed(f"{method} {place}: {status} {text[:500]!r}")
        return json.loads(text) if text.strip().startswith((b"{", b"[")) else {}

    def stop(self) -> None:
        """The servers by the hub, then the hub with its proxy; nothing of it is left."""
        for name in self.own:
            try:
                self._call(f"hub/api/users/{name}/server", self.token, "DELETE", None, (202, 204))
            except Failed as error:
                print(error, file=sys.stderr)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)


def start_hub(home: Path, proxy: str) -> Hub:
    start = time.perf_counter()
    public, hub, api = free_ports(3)
    token = secrets.token_hex(16)
    environment = {
        "JUPYTER_CONFIG_PATH": os.pathsep.join(
            filter(None, [str(home / "jupyter"), *extensions()])
        ),
        "OMP_NUM_THREADS": "1",
    }
    config = home / "jupyterhub_config.py"
    config.write_text(
        HUB.format(
            public=public,
            hub=hub,
            proxy=api,
            command=proxy,
            home=home,
            students=set(STUDENTS),
            python=sys.executable,
            environment=environment,
            token=token,
        )
    )
    config.chmod(0o600)
    with open(home / "hub.log", "wb") as log:
        words = [sys.executable, "-m", "jupyterhub", "-f", str(config)]
        process = subprocess.Popen(words, cwd=home, stdout=log, stderr=log, start_new_session=True)
    running = Hub(process, f"http://127.0.0.1:{public}", token)
    for _ in range(240):
        if process.poll() is not None:
            raise Failed(f"the hub ended with {process.returncode}")
        try:
            version = running._call("hub/api/", token)["version"]
        except Failed:
            time.sleep(0.5)
            continue
        print(
            f"{time.perf_counter() - start:6.1f}s JupyterHub {version} on 127.0.0.1:{public}",
            flush=True,
        )
        return running
    running.stop()
    raise Failed("the hub did not answer in two minutes")


def extensions() -> list[str]:
    """Where the settings lie that switch nbgrader's lists on: beside the nbgrader that this Python imports."""
    import nbgrader

    prefix = re.split(r"[/\\]lib[/\\]", nbgrader.__file__)[0]
    return [f"{prefix}/etc/jupyter"]


def free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


if __name__ == "__main__":
    sys.exit(main())
