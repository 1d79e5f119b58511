"""A plain report: what was asked, what was found, and whether it is well. It prints, and it is an assertion for pytest."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Finding", "Report"]


class Finding(NamedTuple):
    """One thing that was asked. ``ok`` is None where it could not be."""

    asked: str
    ok: bool | None
    found: str


class Report:
    """Findings about one subject, in the order in which they were made.

    >>> report = Report("q", [Finding("shapes", True, "(5,)"), Finding("inverse", None, "q names none")])
    >>> report.ok
    True
    >>> print(report)
    q: well
      [ok] shapes: (5,)
      [--] inverse: q names none
    """

    def __init__(self, subject: str, findings: list[Finding]) -> None:
        self.subject, self.findings = subject, findings

    @property
    def ok(self) -> bool:
        """Whether nothing that was asked is wrong."""
        return all(finding.ok is not False for finding in self.findings)

    @property
    def faults(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.ok is False]

    def assert_ok(self) -> None:
        """Raise an ``AssertionError`` that says what is wrong; the one line for a test."""
        assert self.ok, str(self)

    def __str__(self) -> str:
        marks = {True: "ok", False: "NO", None: "--"}
        verdict = "well" if self.ok else f"{len(self.faults)} faults"
        lines = [f"  [{marks[f.ok]}] {f.asked}: {f.found}" for f in self.findings]
        return "\n".join([f"{self.subject}: {verdict}", *lines])

    def __repr__(self) -> str:
        return f"Report({self.subject!r}, ok={self.ok})"
