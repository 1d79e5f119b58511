"""Algorithms that turn the crank."""

from course_vi.chains import maximal_coupling
from course_vi.diagnostics.log_evidence import (
    LogEvidence,
    importance_log_evidence,
    naive_log_evidence,
)
from course_vi.learning.baum_welch import baum_welch
from course_vi.learning.callbacks import csv_log, tensorboard_log
from course_vi.learning.cavi import cavi
from course_vi.learning.coupled_chains import coupled_chain_gradient
from course_vi.learning.ddc import (
    DDC,
    RandomFeatures,
    ddc_sleep_phase,
    ddc_wake_phase,
    ddc_wake_sleep,
    first_and_second_moments,
)
from course_vi.learning.early_stopping import EarlyStopping
from course_vi.learning.em import em
from course_vi.learning.factor_vae import (
    FactorObjective,
    beta_weighted,
    factor_vae,
    permuted,
    ratio_loss,
    total_correlation,
)
from course_vi.learning.fit import fit
from course_vi.learning.history import History, smoke_cap
from course_vi.learning.maximize_evidence import Maximum, maximize_evidence
from course_vi.learning.mixed_model_fit import MixedModelFit, fit_mixed_model
from course_vi.learning.natural_gradient import natural_gradient_svi
from course_vi.learning.particles import particle_filter
from course_vi.learning.per_datum import per_datum_svi
from course_vi.learning.state_space_em import state_space_em
from course_vi.learning.svgd import stein_direction, stein_vgd
from course_vi.learning.training import Fit
from course_vi.learning.wake_sleep import (
    reweighted_phase,
    reweighted_wake_sleep,
    sleep_phase,
    wake_phase,
    wake_sleep,
)

__all__ = [
    "DDC",
    "EarlyStopping",
    "FactorObjective",
    "Fit",
    "History",
    "LogEvidence",
    "Maximum",
    "MixedModelFit",
    "RandomFeatures",
    "baum_welch",
    "beta_weighted",
    "cavi",
    "coupled_chain_gradient",
    "csv_log",
    "ddc_sleep_phase",
    "ddc_wake_phase",
    "ddc_wake_sleep",
    "em",
    "factor_vae",
    "first_and_second_moments",
    "fit",
    "fit_mixed_model",
    "importance_log_evidence",
    "maximal_coupling",
    "maximize_evidence",
    "naive_log_evidence",
    "natural_gradient_svi",
    "particle_filter",
    "per_datum_svi",
    "permuted",
    "ratio_loss",
    "reweighted_phase",
    "reweighted_wake_sleep",
    "sleep_phase",
    "smoke_cap",
    "state_space_em",
    "stein_direction",
    "stein_vgd",
    "tensorboard_log",
    "total_correlation",
    "wake_phase",
    "wake_sleep",
]
