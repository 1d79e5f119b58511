"""Measuring estimators and posteriors: bias, variance, signal to noise, the gaps, the tails."""

from course_vi.contracts import Finding, Report, check_frozen, check_model, check_round_trip
from course_vi.diagnostics.active_units import ActiveUnits, active_units
from course_vi.diagnostics.check_estimator import EstimatorReport, check_estimator
from course_vi.diagnostics.claim import Claim, UnsupportedClaim, claim
from course_vi.diagnostics.disentanglement import (
    InformationGap,
    factor_vae_score,
    mutual_information_gap,
)
from course_vi.diagnostics.gaps import Gap, amortization_gap, approximation_gap, best_per_datum
from course_vi.diagnostics.log_evidence import (
    LogEvidence,
    importance_log_evidence,
    naive_log_evidence,
)
from course_vi.diagnostics.moments import (
    GradientMoments,
    gradient_moments,
    gradient_samples,
    replicate,
)
from course_vi.diagnostics.psis import ParetoSmoothed, pareto_smoothed, psis_khat
from course_vi.diagnostics.signal_to_noise import SignalToNoise, signal_to_noise

__all__ = [
    "ActiveUnits",
    "Claim",
    "EstimatorReport",
    "Finding",
    "Gap",
    "GradientMoments",
    "InformationGap",
    "LogEvidence",
    "ParetoSmoothed",
    "Report",
    "SignalToNoise",
    "UnsupportedClaim",
    "active_units",
    "amortization_gap",
    "approximation_gap",
    "best_per_datum",
    "check_estimator",
    "check_frozen",
    "check_model",
    "check_round_trip",
    "claim",
    "factor_vae_score",
    "gradient_moments",
    "gradient_samples",
    "importance_log_evidence",
    "mutual_information_gap",
    "naive_log_evidence",
    "pareto_smoothed",
    "psis_khat",
    "replicate",
    "signal_to_noise",
]
