"""nbgrader for this course. Stock commands work from the repository root::

    nbgrader generate_assignment 03_elbo     solutions/ -> notebooks/ (`make notebooks` writes the same bytes)
    nbgrader autograde 03_elbo               submitted/STUDENT/03_elbo/03_elbo.ipynb -> autograded/...
    nbgrader generate_feedback 03_elbo       -> feedback/...
    nbgrader export                          -> grades.csv

and so does Formgrader in JupyterLab's Nbgrader menu. Everything about a class, its submissions first, lies under
``autograder/class.data``, which git ignores and which the dot in its name keeps from ever being imported.

Submissions run in a jail and are judged from outside of it (``autograder/plugins/checked_execute.py``).
Where this machine cannot hold a jail, grading is refused, unless you trust everyone whose work you grade and say so:
``c.CheckedExecute.trusted = True``.
"""

import os
import shutil
import sys
from pathlib import Path

c = get_config()  # noqa: F821 - nbgrader puts it here

ROOT = Path(__file__).resolve().parent
CLASS = "autograder/class.data"

# To make a gradebook nbgrader starts `alembic` by name: it must find the one beside this Python, activated or not.
if shutil.which("alembic") is None:
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    )

c.CourseDirectory.course_id = "course_vi"
c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"
c.CourseDirectory.submitted_directory = f"{CLASS}/submitted"
c.CourseDirectory.autograded_directory = f"{CLASS}/autograded"
c.CourseDirectory.feedback_directory = f"{CLASS}/feedback"
c.CourseDirectory.solution_directory = f"{CLASS}/solution"
c.CourseDirectory.source_with_tests_directory = f"{CLASS}/source_with_tests"
c.CourseDirectory.db_url = f"sqlite:///{(ROOT / CLASS / 'gradebook.db').as_posix()}"
(ROOT / CLASS).mkdir(parents=True, exist_ok=True)  # SQLite makes the file, but not the folder

# Whatever else lies beside a source notebook would be released with it, above all the text master, which holds the
# solutions. This list replaces nbgrader's own, so it repeats it.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "*.pyc",
    "__pycache__",
    "feedback",
    "*.py",
    "jupytext.toml",
]

# What students get: explanations of solutions dropped, bodies of solutions replaced by a stub that says what to do.
c.ClearSolutions.code_stub = {
    "python": 'raise NotImplementedError("your turn: write this body, then run its check")'
}
c.ClearSolutions.text_stub = "*Your answer here: a few sentences. Double-click to edit.*"
c.ClearMarkScheme.enforce_metadata = (
    False  # our mark schemes stand in written answers, not in nbgrader's task cells
)
c.GenerateAssignment.force = (
    True  # notebooks/ is committed: nbgrader would skip what exists, and the gradebook stay empty
)
c.GenerateAssignment.preprocessors = [
    "autograder.plugins.drop_solution_only.DropSolutionOnly",
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearSolutions",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# How submissions run: in a jail; what decides about points stays outside.
c.CheckedExecute.secret_file = str(
    ROOT / CLASS / "secret.key"
)  # made at the first grading; back it up with the gradebook
c.CheckedExecute.course = c.CourseDirectory.course_id
c.Execute.kernel_name = "python3"
c.Execute.kernel_manager_class = (
    "autograder.plugins.patient_manager.PatientManager"  # a client that cannot miss a message
)
c.Execute.timeout = 120  # seconds a cell
c.Execute.startup_timeout = 120
c.Execute.shutdown_kernel = "immediate"
c.Execute.extra_arguments = [
    "--log-level=40"
]  # errors only: each kernel would otherwise warn about its transport
c.OverwriteCells.add_missing_cells = True  # a deleted check comes back, and scores what it says


def one_thread(**_):
    """Sums come out the same on every machine, and graders that run side by side do not crowd each other."""
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")


def before_grading(notebooks=(), **_):
    """Links and special files in a submission are moved aside before nbgrader copies what lies beside the notebook."""
    from autograder.intake.set_aside import set_aside

    one_thread()
    set_aside(list(notebooks))


c.Autograde.pre_convert_hook = before_grading

# What students hand in is read through the sanitizers (docs/instructor.md): repaired where it can be, and never believed.
c.Autograde.exporter_class = "autograder.plugins.repairing_exporter.RepairingExporter"
c.Autograde.sanitize_preprocessors = [
    "autograder.plugins.restore_cells.RestoreCells",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.plugins.checked_execute.CheckedExecute",
    "nbgrader.preprocessors.LimitOutput",
    "autograder.plugins.pages.SafeOutputs",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# Text that students wrote is shown in feedback pages and in Formgrader: it is cleaned after it is rendered.
c.GenerateFeedback.exporter_class = "autograder.plugins.pages.PageExporter"
c.HTMLExporter.filters = {
    name: f"autograder.plugins.pages.{name}" for name in ("markdown2html", "highlight_code")
}

# Late work: nothing is lost until you say so here, and name a due date (docs/instructor.md).
c.AssignLatePenalties.plugin_class = "autograder.plugins.late_penalty.LatePenalty"
c.LatePenalty.percent_per_day = 0.0
c.LatePenalty.grace_minutes = 15.0
c.LatePenalty.most_percent = 100.0

# `nbgrader zip_collect` reads the names that Canvas and Moodle give to files (`python -m autograder collect` does more).
c.ZipCollectApp.collector_plugin = "autograder.plugins.lms_collector.LmsCollector"
c.ZipCollectApp.downloaded_directory = f"{CLASS}/downloaded"

c.ExportPlugin.to = str(ROOT / CLASS / "grades.csv")
