r"""A family of your own: Student's t, where the posterior is one.

The mean z of n normal data whose precision has a Gamma(a, b) prior, integrated out: with r = (z, x_1 - z, ..., x_n - z)

.. math:: p(x, z) = \int \mathrm{Gamma}(\lambda; a, b) \prod_i N(r_i; 0, 1/\lambda)\, d\lambda, \qquad
          z \mid x \sim t_{2a + n}(m, s), \quad m = \frac{\sum x}{n + 1}, \quad s^2 = \frac{2b + \sum x^2 - (n + 1) m^2}{(n + 1)(2a + n)}.

Shown: ``FromDistribution`` in one line; the same as a ``Family`` by subclass. Asserted: both find m and s; sticking the landing then has
no variance at all, and every importance weight is log p(x); a normal keeps a gap.
"""

import math

import torch
from torch import nn
from torch.distributions import Independent, StudentT

from course_vi.diagnostics import gradient_moments, importance_log_evidence
from course_vi.families import Family, FromDistribution, MeanField
from course_vi.gradients import sticking_the_landing
from course_vi.learning import fit
from course_vi.models import Model


class MeanOfUnknownNoise(Model):
    latent_dim, data_dim, local = 1, 1, False  # one mean for all rows of x
    a, b = 2.0, 2.0

    def log_factors(self, x, z):
        r = torch.cat([z, x[:, 0] - z], -1)
        shape, rate = self.a + r.shape[-1] / 2, self.b + r.square().sum(-1) / 2
        constant = math.lgamma(shape) - math.lgamma(self.a) + self.a * math.log(self.b)
        return {"joint": constant - shape * rate.log() - r.shape[-1] / 2 * math.log(2 * math.pi)}


class StudentFamily(Family):
    noise_dim = 1  # torch's own noise, by rsample

    def __init__(self, dim, df):
        super().__init__()
        self.dim, self.df = dim, df
        self.loc, self.log_scale = nn.Parameter(torch.zeros(dim)), nn.Parameter(torch.zeros(dim))

    def distribution(self, x=None):
        return Independent(StudentT(self.df, self.loc, self.log_scale.exp()), 1)


x = torch.tensor([[1.0], [2.0], [4.0], [2.5], [0.5]])
p, df = MeanOfUnknownNoise(), 2 * MeanOfUnknownNoise.a + len(x)
zero = torch.zeros(1)
by_function = FromDistribution(
    lambda loc, log_scale: Independent(StudentT(df, loc, log_scale.exp()), 1),
    loc=zero,
    log_scale=zero,
)

n, m = len(x), x.sum() / (len(x) + 1)
s = ((2 * p.b + x.square().sum() - (n + 1) * m**2) / ((n + 1) * df)).sqrt()
log_evidence = p.log_joint(x, m[None]) - StudentT(df, m, s).log_prob(m)  # Bayes' rule
for q in (by_function, StudentFamily(1, df)):
    fit(p, q, x, sticking_the_landing, steps=500, learning_rate=0.05)
    variance = gradient_moments(sticking_the_landing, p, q, x, replicates=50).variance
    evidence = importance_log_evidence(p, q, x, 100)
    print(
        f"{q}: loc {q.loc.item():.5f} ({m:.5f}), scale {q.log_scale.exp().item():.5f} ({s:.5f}), {variance}"
    )
    assert abs(q.loc - m) < 1e-4 and abs(q.log_scale.exp() - s) < 1e-4
    assert all(v < 1e-8 for v in variance.values()) and abs(evidence.value - log_evidence) < 1e-4

normal = MeanField(1)
history = fit(p, normal, x, sticking_the_landing, steps=500, learning_rate=0.05)
assert history.bound[-250:].mean() < log_evidence - 0.005  # nats that no normal has
