r"""A local level with missing data: the flow of the Nile, 1871 to 1970, with two spells of twenty years taken out.

.. math:: x_t = z_t + N(0, \sigma^2), \qquad z_{t+1} = z_t + N(0, \tau^2), \qquad \text{a flat prior on } z_1

Shown: ``LinearGaussianSSM`` with a diffuse start, ``maximize_evidence``, ``seen``, the smoother and a forecast. Asserted: on all years the
variances that statsmodels and Durbin and Koopman's book give, 15099 and 1469; with years missing, the evidence and the smoothed levels
of one dense normal distribution.
"""

import math

import torch

from course_vi.learning import maximize_evidence
from course_vi.models import LinearGaussianSSM

x = torch.tensor(
    [1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
     1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969,
     831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759,
     781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890,
     744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740],
    dtype=torch.float64,
)  # fmt: skip
one = torch.eye(1, dtype=torch.float64)
p = LinearGaussianSSM(
    one, one, 1000 * one, 10000 * one, 0 * one[0], one, steps=100, diffuse=torch.tensor([True])
)
for name, parameter in p.named_parameters():  # what is learned: the roots of the two variances
    parameter.requires_grad_(name in ("transition_root", "emission_root"))

assert maximize_evidence(p, x).converged
variances = [p.emission_root.item() ** 2, p.transition_root.item() ** 2]
print(f"all years: variances {variances[0]:.1f} and {variances[1]:.1f}")
assert abs(variances[0] - 15098.5) < 1 and abs(variances[1] - 1469.2) < 0.5

x[20:40] = x[60:80] = math.nan
seen = ~x.isnan()
assert maximize_evidence(p, x, seen=seen).converged
level, evidence = p.smooth(x, seen=seen).loc[:, 0].detach(), p.log_evidence(x, seen=seen)

time = torch.arange(100.0, dtype=torch.float64)
walk = p.transition_root.item() ** 2 * torch.minimum(time[:, None], time)  # around z_1
precision = torch.linalg.inv(walk[seen][:, seen] + p.emission_root.item() ** 2 * torch.eye(60))
flat = precision.sum()  # the precision of z_1, which has no other
first = (precision @ x[seen]).sum() / flat
rest = precision @ (x[seen] - first)
dense = (
    torch.logdet(precision) - flat.log() - 60 * math.log(2 * math.pi) - rest @ (x[seen] - first)
) / 2
print(f"60 years: log evidence {evidence:.6f}, dense {dense:.6f}; level in 1900 {level[29]:.2f}")
assert abs(evidence - dense) < 1e-6
assert torch.allclose(level, first + walk[:, seen] @ rest, atol=1e-5)
ahead = p.forecast(x, 10, seen=seen)
assert torch.allclose(ahead.loc, level[-1].expand(10, 1))  # a walk stays where it is
