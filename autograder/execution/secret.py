"""The grader's secret, and the inputs that follow from it.

Every student gets inputs of their own: seed = HMAC-SHA256(secret, course / unit / student / exercise / code handed in). They cannot be
guessed, a regrade repeats them, and two students who compare notes compare different numbers. A notebook that prints what its functions
were given tells its author nothing that is of use: with other code come other inputs.

**Where it is kept**: ``autograder/class.data/secret.key``, made at the first grading, readable by its owner only, ignored by git with the
rest of that folder. **Back it up with the gradebook**: without it a regrade draws other inputs (verdicts hardly ever differ, but they are
no longer reproducible). On several machines copy the file, or set ``COURSE_VI_SECRET`` in the environment, which wins. Never commit it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path

__all__ = ["DEFAULT", "VARIABLE", "fingerprint", "load", "seed", "seed_id"]

DEFAULT = Path(__file__).resolve().parents[1] / "class.data" / "secret.key"
VARIABLE = "COURSE_VI_SECRET"
LEAST = 16  # characters


def load(path: Path = DEFAULT) -> bytes:
    """The secret: from the environment, else from ``path``, made if it is not there. ``ValueError`` if it is too short to be one."""
    told = os.environ.get(VARIABLE)
    if told is None:
        if not path.exists():
            _make(path)
        told = path.read_text(encoding="ascii").strip()
    if len(told) < LEAST:
        raise ValueError(
            f"the grader's secret has {len(told)} characters; expected at least {LEAST}"
        )
    return told.encode()


def _make(path: Path) -> None:
    """Write a fresh secret whole or not at all; of several that try at once, the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=".secret-", dir=path.parent
    )  # readable by its owner only
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(name, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        if not path.exists():
            os.replace(name, path)
            return
    os.unlink(name)


def seed(secret: bytes, course: str, unit: str, student: str, exercise: str, work: str = "") -> int:
    """The seed of a student's inputs, 63 bits.

    Args:
        work: stands for what was handed in (``fingerprint``).

    >>> seed(b"a secret", "vi", "03_elbo", "ada", "03_gap") == seed(b"a secret", "vi", "03_elbo", "bob", "03_gap")
    False
    """
    words = "\x00".join((course, unit, student, exercise, work)).encode("utf-8", "replace")
    return int.from_bytes(hmac.new(secret, words, hashlib.sha256).digest()[:8], "big") >> 1


def fingerprint(sources: Iterable[str]) -> str:
    """Stands for the code of a notebook, cell by cell.

    >>> fingerprint(["a", "b"]) == fingerprint(["ab"])
    False
    """
    told = hashlib.sha256()
    for source in sources:
        data = source.encode("utf-8", "replace")
        told.update(len(data).to_bytes(8, "little") + data)
    return told.hexdigest()


def seed_id(number: int) -> str:
    """A name for a seed that can be logged and shown: it does not give the seed away.

    >>> seed_id(7)
    'e75cb14d'
    """
    return hashlib.sha256(f"course_vi seed {number}".encode()).hexdigest()[:8]
