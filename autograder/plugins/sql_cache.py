"""SQL, put into words once: nbgrader opens its gradebook a dozen times for a submission, and SQLAlchemy forgets with each engine.

SQLAlchemy keeps the statements that it has compiled by engine and dialect. This dialect for SQLite, registered through SQLAlchemy's own
registry under the usual name, is equal to every other of its kind and hands all engines of a process one memory. The statements and
what they do are the same; of 0.33 s that a grader worked for a submission, 0.07 s were compilation (measured with problem set 03).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

__all__ = ["RememberingSQLite", "remember"]

COMPILED: LRUCache[Any, Any] = LRUCache(2_000)


class RememberingSQLite(SQLiteDialect_pysqlite):
    """SQLAlchemy's dialect for SQLite, whose engines share what they compiled."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Any) -> None:
        """SQLAlchemy's hook for a new engine."""
        super().engine_created(engine)
        engine.update_execution_options(compiled_cache=COMPILED)


def remember() -> None:
    """From now on, engines made for ``sqlite:///...`` in this process share compiled statements."""
    registry.register("sqlite", __name__, RememberingSQLite.__name__)
