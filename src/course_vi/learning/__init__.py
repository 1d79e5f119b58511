"""Algorithms that turn the crank."""

from course_vi.learning.evidence import LogEvidence, importance_log_evidence, naive_log_evidence
from course_vi.learning.fit import History, fit, smoke_cap

__all__ = ["History", "LogEvidence", "fit", "importance_log_evidence", "naive_log_evidence", "smoke_cap"]
