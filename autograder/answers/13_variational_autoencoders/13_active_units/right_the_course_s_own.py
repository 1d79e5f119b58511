"""Idiom: the diagnostic of the course."""
from course_vi.diagnostics import active_units
from course_vi.families import Amortized, MeanField


def unit_activity(encoder, x):
    loc, log_scale = encoder(x).chunk(2, -1)
    q = Amortized(MeanField(loc.shape[-1]), encoder)
    return active_units(q, x).activity, (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).mean(0)
