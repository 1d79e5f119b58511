"""Build every notebook of the course from its text master, one way only::

    python -m autograder notebooks                  everything; lectures are executed
    python -m autograder notebooks 03 09_sticking   these units
    python -m autograder notebooks --no-execute     problem sets alone (seconds)
    python -m autograder notebooks --check          change nothing, fail if a notebook is not what its master makes

Problem sets come out twice: ``solutions/NN/NN.ipynb`` is nbgrader's source, ``notebooks/NN/NN.ipynb`` is what nbgrader
releases of it. Both are equal byte for byte whenever they are built. Lectures run in a real kernel, top to bottom, and
keep their outputs.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.build import masters
from autograder.course import ROOT, Course, MasterError

WARN_BYTES = 1_500_000
CELL_SECONDS = 180
PROGRESS = re.compile(r"\d%\|.*\| \d+.*\[.*(it/s|s/it).*\]")
COVER = "Predict first; then run this cell, or click here."
WIDGET = "application/vnd.jupyter.widget-view+json"


def lecture(course: Course, unit: str) -> tuple[bytes]:
    """The bytes of a unit's lecture, not yet executed."""
    return (
        masters.dumps(
            masters.lecture(course.lecture(unit, ".py").read_text(encoding="utf-8"), unit)
        ),
    )


def problem_set(course: Course, unit: str) -> tuple[bytes, bytes]:
    """The bytes of a unit's source and of its release. A release that would give a solution away is refused."""
    from autograder.build import release

    source = masters.problem_set(
        course.source(unit, ".py").read_text(encoding="utf-8"), unit, course.registry
    )
    config = release.load_config(ROOT)
    data = release.released(unit, masters.dumps(source), config)
    found = release.leaks(source, nbformat.reads(data.decode(), as_version=4))
    if found:
        raise MasterError(f"the release of {unit} gives away:\n  " + "\n  ".join(found))
    return masters.dumps(source), data


def execute(notebook: NotebookNode, where: Path, name: str) -> NotebookNode:
    """Run a lecture in a kernel of its own, in the folder ``where``. A cell that fails or never ends stops the build, by name."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError
    from tqdm import tqdm

    from autograder.plugins.patient_manager import PatientManager

    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("MPLBACKEND", "COURSE_VI_SMOKE")
    }
    total = sum(cell.cell_type == "code" for cell in notebook.cells)
    current = {"index": 0}
    with tqdm(total=total, desc=name, unit="cell") as bar:
        client = NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_manager_class=PatientManager,
            kernel_name="python3",
            shutdown_kernel="immediate",
            extra_arguments=["--log-level=40"],  # errors only
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(where)}},
            on_cell_start=lambda cell, cell_index: current.update(index=cell_index),
            on_cell_executed=lambda cell, cell_index, execute_reply: bar.update(),
        )
        try:
            client.execute(env=environment)
        except CellTimeoutError:
            raise MasterError(
                f"{name}, cell {current['index'] + 1} was not done after {CELL_SECONDS} s"
            ) from None
        except CellExecutionError as error:
            first = notebook.cells[current["index"]].source.strip().splitlines()[0]
            raise MasterError(
                f"{name}, cell {current['index'] + 1} ({first!r}) failed:\n{error.traceback}"
            ) from None
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in map(_lasting, cell.outputs) if output is not None]
            if cell.outputs and cell.metadata.get("jupyter", {}).get("outputs_hidden"):
                cell.outputs.insert(0, _cover())
    notebook.metadata = nbformat.from_dict(masters.NOTEBOOK_METADATA)
    return notebook


def _cover() -> NotebookNode:
    """What stands before hidden outputs: JupyterLab shows the first line of what it hides."""
    return nbformat.v4.new_output("display_data", data={"text/plain": COVER})


def _lasting(output: NotebookNode) -> NotebookNode | None:
    """What of an output belongs on a page: no progress bars, and in place of a widget, whose state died with its kernel, a word."""
    if output.output_type == "stream":
        output.text = settled(output.text)
        return output if output.text.strip() else None
    if WIDGET in output.get("data", {}):
        if PROGRESS.search(output.data.get("text/plain", "")):
            return None
        output.data = nbformat.from_dict({"text/markdown": "*Run this cell to move its sliders.*"})
    return output


def settled(text: str) -> str:
    """What a stream leaves behind: of a line that was written over only the end, of a progress bar nothing."""
    lines = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n")]
    return "\n".join(line for line in lines if not PROGRESS.search(line))


def build(course: Course, units: list[str], run_lectures: bool = True) -> None:
    """Write the notebooks of these units, with a line for each."""
    for unit in units:
        if course.source(unit, ".py").exists():
            started = time.perf_counter()
            for path, data in zip(
                (course.source(unit), course.release(unit)), problem_set(course, unit), strict=True
            ):
                _write(course, path, data, started)
        if run_lectures and course.lecture(unit, ".py").exists():
            started = time.perf_counter()
            path = course.lecture(unit)
            notebook = execute(
                nbformat.reads(lecture(course, unit)[0].decode(), 4),
                path.parent,
                f"lectures/{unit}",
            )
            _write(course, path, masters.dumps(notebook), started)


def stale(course: Course, units: list[str]) -> list[str]:
    """Notebooks on disk that are not what their masters make, and why. Nothing is executed and nothing is written."""
    wrong = []
    for unit in units:
        if course.source(unit, ".py").exists():
            for path, data in zip(
                (course.source(unit), course.release(unit)), problem_set(course, unit), strict=True
            ):
                if not path.exists() or path.read_bytes() != data:
                    wrong.append(f"{path.relative_to(course.root)} is not what its master makes")
        if course.lecture(unit, ".py").exists():
            path = course.lecture(unit)
            wanted = nbformat.reads(lecture(course, unit)[0].decode(), as_version=4)
            found = nbformat.read(path, as_version=4) if path.exists() else None
            reasons = _lecture_faults(wanted, found) if found else ["it does not exist"]
            wrong += [f"{path.relative_to(course.root)}: {reason}" for reason in reasons]
    return wrong


def _lecture_faults(wanted: NotebookNode, found: NotebookNode) -> list[str]:
    faults = []
    if wanted.metadata != found.metadata:
        faults.append("its metadata differ")
    if len(wanted.cells) != len(found.cells):
        return [*faults, f"it has {len(found.cells)} cells, its master {len(wanted.cells)}"]
    for number, (new, old) in enumerate(zip(wanted.cells, found.cells, strict=True), start=1):
        if (new.cell_type, new.source, new.id, new.metadata) != (
            old.cell_type,
            old.source,
            old.id,
            old.metadata,
        ):
            faults.append(f"cell {number} differs from its master")
        elif new.cell_type == "code" and new.source.strip() and old.execution_count is None:
            faults.append(f"cell {number} was never executed")
        elif any(output.output_type == "error" for output in old.get("outputs", [])):
            faults.append(f"cell {number} shows an error")
    return faults


def _write(course: Course, path: Path, data: bytes, started: float) -> None:
    changed = not path.exists() or path.read_bytes() != data
    if changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    size, seconds = len(data) / 1000, time.perf_counter() - started
    did = "wrote" if changed else "equal"
    print(f"{did}  {path.relative_to(course.root)}  {size:,.0f} kB  {seconds:.1f} s", flush=True)
    if len(data) > WARN_BYTES:
        print(
            f"       warning: over {WARN_BYTES / 1e6} MB; draw fewer points, or lower the resolution",
            flush=True,
        )
