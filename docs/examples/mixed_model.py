r"""A linear mixed model by maximum likelihood and REML: the Dyestuff data, as in lme4.

Five yields of dye from each of six batches: how much do batches differ? y = beta + z_batch + noise.

Shown: words as levels, ``fit_mixed_model``, standard errors and effects. Asserted: in a balanced design both estimates have closed forms
from the mean squares within (W) and between (B), sigma^2 = W and tau^2 = (B - W) / 5 (REML) or (5/6 B - W) / 5 (ML); and the numbers that
lme4 prints (Bates, Maechler, Bolker and Walker, Journal of Statistical Software 2015; data: Davies 1949).
"""

import torch

from course_vi.learning import fit_mixed_model
from course_vi.models import LinearMixedModel

table = {
    "A": [1545, 1440, 1440, 1520, 1580],
    "B": [1540, 1555, 1490, 1560, 1495],
    "C": [1595, 1550, 1605, 1510, 1560],
    "D": [1445, 1440, 1595, 1465, 1545],
    "E": [1595, 1630, 1515, 1635, 1625],
    "F": [1520, 1455, 1450, 1480, 1445],
}
rows = [(batch, value) for batch, values in table.items() for value in values]
level = sorted(table).index  # words become numbers from 0
x = torch.tensor(
    [(1.0, level(batch), value) for batch, value in rows], dtype=torch.float64
)  # covariates, level, response

y = torch.tensor([*table.values()], dtype=torch.float64)
within = y.var(1).mean()
between = 5 * y.mean(1).var()
for restricted, share in ((False, 5 / 6), (True, 1.0)):
    p = LinearMixedModel(
        levels=[6], fixed=torch.zeros(1), random_scales=[50.0], noise_scale=50.0
    ).double()
    found = fit_mixed_model(p, x, restricted=restricted)
    batches, noise = p.log_random_scales.exp(), p.log_noise_scale.exp()
    effects = p.effects(x)
    print(f"{'REML' if restricted else 'ML'}: {found.value:.4f} nats, batches {batches.item():.3f}, noise {noise:.3f}, "
          f"mean {effects.fixed.item():.1f} +- {effects.fixed_errors.item():.2f}")  # fmt: skip
    assert torch.isclose(noise.square(), within, rtol=1e-5)
    assert torch.isclose(batches.square(), (share * between - within) / 5, rtol=1e-5)
    shrunk = batches.square() / (batches.square() + noise.square() / 5) * (y.mean(1) - y.mean())
    assert torch.allclose(effects.random, shrunk, atol=1e-3)
    published = (-319.6543 / 2, 19.3834) if restricted else (-327.3271 / 2, 17.6946)
    assert (
        abs(found.value - published[0]) < 1e-4 and abs(effects.fixed_errors - published[1]) < 1e-3
    )
