"""A JupyterLab as `make lab` starts it, and a real Chromium that drives it."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A kernel has half a gigabyte, and lives on when its page is left: those of all notebooks do not fit into memory.
SHUT_DOWN = "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
STATE = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
  const found = {code: 0, ran: 0, errors: [], reports: []};
  for (let index = 0; index < cells.length; index++) {
    const cell = cells.get(index);
    if (cell.type !== 'code' || !cell.sharedModel.source.trim()) continue;
    found.code += 1;
    if (cell.executionState === 'idle' && cell.executionCount !== null) found.ran += 1;
    for (const output of cell.toJSON().outputs) {
      if (output.output_type === 'error') found.errors.push(output.ename + ': ' + output.evalue);
      const html = output.data && output.data['text/html'];
      if (html && [].concat(html).join('').includes('role="status"')) found.reports.push([].concat(html).join(''));
    }
  }
  return found;
}"""


def chromium() -> str | None:
    """The browser of this machine."""
    return os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


@contextmanager
def lab(root: Path) -> Iterator[str]:
    """JupyterLab on a copy of the course at ``root``; yields its address with the token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    command = [
        sys.executable,
        str(root / "scripts" / "lab.py"),
        "--no-browser",
        f"--ServerApp.port={port}",
        "--allow-root",
        f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",
        "--ServerApp.port_retries=0",
    ]
    with open(root / "lab.log", "w") as log:
        server = subprocess.Popen(command, cwd=root, stdout=log, stderr=log, start_new_session=True)
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"{address}/api/status?token={token}", timeout=2)
                    break
                except OSError:
                    if server.poll() is not None:
                        raise RuntimeError((root / "lab.log").read_text()) from None
                    time.sleep(0.2)
            yield f"{address}/lab/tree/{{path}}?token={token}&reset"
        finally:
            os.killpg(server.pid, 15)
            server.wait(20)


@contextmanager
def page(height: int = 1100) -> Iterator[Any]:
    """One page of a headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            yield browser.new_page(viewport={"width": 1280, "height": height})
        finally:
            browser.close()


def loaded(view: Any) -> int:
    """The number of code cells, once it has stopped growing: large notebooks arrive in pieces."""
    counts = [0]
    while counts[-1] == 0 or counts[-1] != counts[-2]:
        if len(counts) > 120:
            raise TimeoutError(f"the notebook did not load: {counts}")
        time.sleep(0.5)
        counts.append(view.evaluate(STATE)["code"])
    return counts[-1]


def run_all(
    view: Any, url: str, path: str, seconds: float = 240, keep_kernel: bool = False
) -> dict[str, Any]:
    """Open a notebook, choose Run > Run All Cells, wait until every code cell has run; return counts, errors and reports.

    Its kernel ends then, unless its widgets are still to answer.
    """
    view.goto(url.format(path=path), wait_until="domcontentloaded")
    view.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell", timeout=60_000)
    view.wait_for_selector(
        ".jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status=idle]",
        timeout=60_000,
        state="attached",
    )
    before = loaded(view)
    view.get_by_role("menuitem", name=re.compile("^Edit$")).click()
    view.get_by_role("menuitem", name=re.compile("^Clear Outputs of All Cells")).click()
    view.get_by_role("menuitem", name=re.compile("^Run$")).click()
    view.get_by_role("menuitem", name=re.compile("^Run All Cells")).click()
    state: dict[str, Any] = {}
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            state = view.evaluate(STATE)
            if state["ran"] == before or state["errors"]:
                return state
            time.sleep(0.5)
        raise TimeoutError(f"{path}: {state} after {seconds} s")
    finally:
        if not keep_kernel:
            view.evaluate(SHUT_DOWN)
