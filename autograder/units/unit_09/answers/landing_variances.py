# %% right batch_of_replicates: The batch axis is the replicate axis, one backward pass for each row.
import torch
from torch.distributions import Normal

from course_vi.models import ConjugateToy


def landing_variances(loc, log_scale, x, replicates, generator):
    p = ConjugateToy()
    eps = torch.randn(1, replicates, 1, generator=generator, dtype=loc.dtype)
    rows = []
    for frozen in (False, True):
        m = loc.detach().expand(replicates, 1).clone().requires_grad_()
        l = log_scale.detach().expand(replicates, 1).clone().requires_grad_()
        z = m + l.exp() * eps
        q = Normal(m.detach(), l.detach().exp()) if frozen else Normal(m, l.exp())
        log_w = p.log_joint(x, z) - q.log_prob(z).sum(-1)
        gradients = torch.autograd.grad(log_w.sum(), (m, l))
        rows.append(torch.stack([g.var() for g in gradients]))
    return torch.stack(rows)


# %% right gradient_moments: The course's own diagnostics, with an estimator of one's own for the second row.
import torch
from torch.func import functional_call

from course_vi.diagnostics import gradient_moments
from course_vi.families import MeanField
from course_vi.gradients import reparametrized
from course_vi.models import ConjugateToy


def frozen(p, q, x, num_samples=1, bound=None, generator=None, noise=None):
    eps = q.noise((num_samples, *x.shape[:-1]), generator)
    z = q.transport(eps, x)
    constants = {name: value.detach() for name, value in q.named_parameters()}
    return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)


def landing_variances(loc, log_scale, x, replicates, generator):
    q = MeanField(1, loc, log_scale)
    rows = []
    for estimator in (reparametrized, frozen):
        moments = gradient_moments(estimator, ConjugateToy(), q, x, replicates=replicates, generator=generator)
        rows.append(torch.cat([moments.variance["loc"], moments.variance["log_scale"]]))
    return torch.stack(rows)


# %% right loop: Plain numbers, one replicate at a time, running means and sums of squares.
import math

import torch


def landing_variances(loc, log_scale, x, replicates, generator):
    m, s, x = loc.item(), math.exp(log_scale.item()), x.item()
    mean, squares = [0.0] * 4, [0.0] * 4
    for n, e in enumerate(torch.randn(replicates, generator=generator, dtype=loc.dtype).tolist(), start=1):
        z = m + s * e
        slope = x - 2 * z + e / s
        gradients = (slope - e / s, slope * s * e + 1 - e * e, slope, slope * s * e)
        for i, g in enumerate(gradients):
            step = g - mean[i]
            mean[i] += step / n
            squares[i] += step * (g - mean[i])
    return torch.tensor(squares).reshape(2, 2) / (replicates - 1)


# %% right slopes_by_hand: Derivatives worked out on paper, drawn noise put in.
import torch


def landing_variances(loc, log_scale, x, replicates, generator):
    eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    z = loc + s * eps
    slope = x - 2 * z + eps / s
    path = torch.stack([slope, slope * s * eps])
    score = torch.stack([-eps / s, 1 - eps**2])
    return torch.stack([(path + score).var(1), path.var(1)])


# %% wrong closed_form, from right slopes_by_hand: The formulas of the solution, evaluated: exact numbers where a measurement was asked for.
# diagnosis: no_spread
import torch


def landing_variances(loc, log_scale, x, replicates, generator):
    s, c = log_scale.exp(), x - 2 * loc
    total = torch.cat([4 * s**2, (c * s) ** 2 + 8 * s**4])
    path = torch.cat([(1 / s - 2 * s) ** 2, (c * s) ** 2 + 2 * (1 - 2 * s**2) ** 2])
    return torch.stack([total, path])


# %% wrong global_noise, from right slopes_by_hand: randn without generator= draws from the global stream: the measurement cannot be repeated.
# diagnosis: unseeded
#-     eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
#+     eps = torch.randn(replicates, dtype=loc.dtype)
#@@
#-     z = loc + s * eps
#-     slope = x - 2 * z + eps / s
#+     slope = x - 2 * (loc + s * eps) + eps / s


# %% wrong noise_shared, from right slopes_by_hand: One noise is expanded over all replicates: every gradient is the same, and every variance zero.
# diagnosis: noise_shared
#-     eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
#+     eps = torch.randn(1, generator=generator, dtype=loc.dtype).expand(replicates)
#@@
#-     z = loc + s * eps
#-     slope = x - 2 * z + eps / s
#+     slope = x - 2 * (loc + s * eps) + eps / s


# %% wrong rows_swapped, from right slopes_by_hand: The path derivative stands in the first row: the order in which it was derived, not the order asked for.
# diagnosis: rows_swapped
#-     z = loc + s * eps
#-     slope = x - 2 * z + eps / s
#+     slope = x - 2 * (loc + s * eps) + eps / s
#@@
#-     return torch.stack([(path + score).var(1), path.var(1)])
#+     return torch.stack([path.var(1), (path + score).var(1)])


# %% wrong scale_gradient, from right slopes_by_hand: Differentiates in s and not in log s: the chain rule's factor s is missing, and at s = 1 nobody would notice.
# diagnosis: scale_gradient
#-     z = loc + s * eps
#-     slope = x - 2 * z + eps / s
#-     path = torch.stack([slope, slope * s * eps])
#-     score = torch.stack([-eps / s, 1 - eps**2])
#+     slope = x - 2 * (loc + s * eps) + eps / s
#+     path = torch.stack([slope, slope * eps])
#+     score = torch.stack([-eps / s, (1 - eps**2) / s])


# %% wrong score_kept, from right batch_of_replicates: The density keeps its live parameters in both rows, so both measure the total derivative.
# diagnosis: score_kept
#-     eps = torch.randn(1, replicates, 1, generator=generator, dtype=loc.dtype)
#@@
#-     for frozen in (False, True):
#+     for _ in range(2):
#+         eps = torch.randn(1, replicates, 1, generator=generator, dtype=loc.dtype)
#@@
#-         q = Normal(m.detach(), l.detach().exp()) if frozen else Normal(m, l.exp())
#-         log_w = p.log_joint(x, z) - q.log_prob(z).sum(-1)
#-         gradients = torch.autograd.grad(log_w.sum(), (m, l))
#-         rows.append(torch.stack([g.var() for g in gradients]))
#+         log_w = p.log_joint(x, z) - Normal(m, l.exp()).log_prob(z).sum(-1)
#+         rows.append(torch.stack([g.var() for g in torch.autograd.grad(log_w.sum(), (m, l))]))


# %% wrong second_moment, from right slopes_by_hand: The mean of squares: a variance at the posterior, where every mean is zero, and nowhere else.
# diagnosis: second_moment
#-     z = loc + s * eps
#-     slope = x - 2 * z + eps / s
#+     slope = x - 2 * (loc + s * eps) + eps / s
#@@
#-     return torch.stack([(path + score).var(1), path.var(1)])
#+     return torch.stack([(path + score).square().mean(1), path.square().mean(1)])


# %% wrong standard_deviation, from right slopes_by_hand: std in place of var: the same picture, with other numbers.
# diagnosis: standard_deviation
#-     z = loc + s * eps
#-     slope = x - 2 * z + eps / s
#+     slope = x - 2 * (loc + s * eps) + eps / s
#@@
#-     return torch.stack([(path + score).var(1), path.var(1)])
#+     return torch.stack([(path + score).std(1), path.std(1)])


# %% wrong transposed, from right slopes_by_hand: Stacks by parameter and not by estimator: each number is right, half of them in the wrong place.
# diagnosis: transposed
#-     z = loc + s * eps
#-     slope = x - 2 * z + eps / s
#+     slope = x - 2 * (loc + s * eps) + eps / s
#@@
#-     return torch.stack([(path + score).var(1), path.var(1)])
#+     return torch.stack([(path + score).var(1), path.var(1)]).T


# %% wrong variance_of_mean, from right slopes_by_hand: Divided by R once more: the variance of the average over replicates, not of one gradient.
# diagnosis: variance_of_mean
#-     z = loc + s * eps
#-     slope = x - 2 * z + eps / s
#+     slope = x - 2 * (loc + s * eps) + eps / s
#@@
#-     return torch.stack([(path + score).var(1), path.var(1)])
#+     return torch.stack([(path + score).var(1), path.var(1)]) / replicates


# %% wrong divided_by_r, from right slopes_by_hand: NumPy's convention, a sum of squares over R: at R = 1000 nobody sees it, at R = 2 it is half.
# diagnosis: divided_by_r
#-     return torch.stack([(path + score).var(1), path.var(1)])
#+     return torch.stack([(path + score).var(1, correction=0), path.var(1, correction=0)])


# %% wrong replicates_ignored, from right slopes_by_hand: A number that worked in an experiment was left in place of the argument.
# diagnosis: more_replicates
#-     eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
#+     eps = torch.randn(1000, generator=generator, dtype=loc.dtype)


# %% wrong antithetic, from right slopes_by_hand: Each noise is used with both signs, a good trick for means: the replicates are not independent.
# diagnosis: not_independent
#-     eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
#+     half = torch.randn(replicates // 2, generator=generator, dtype=loc.dtype)
#+     eps = torch.cat([half, -half])


# %% wrong prior_forgotten, from right slopes_by_hand: The slope of log p(x | z) alone: the prior's -z was forgotten.
# diagnosis: prior_forgotten
#-     slope = x - 2 * z + eps / s
#+     slope = x - z + eps / s


# %% wrong tenth, from right slopes_by_hand: A tenth of the replicates, left over from trying it out: right on average, and less precise than was asked for.
# diagnosis: replicates_ignored
#-     eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
#+     eps = torch.randn(max(2, replicates // 10), generator=generator, dtype=loc.dtype)


# %% wrong global_seed, from right slopes_by_hand: Seeds torch's global stream from the generator's seed: it can be repeated, and everybody else's numbers repeat with it.
# diagnosis: global_stream
#-     eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
#+     torch.manual_seed(generator.initial_seed())
#+     eps = torch.randn(replicates, dtype=loc.dtype)


# %% wrong seeded_inside, from right slopes_by_hand: A generator of its own, made from the seed of the one it was given, which never moves on: two calls give one answer.
# diagnosis: seeded_inside
#-     eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
#+     own = torch.Generator().manual_seed(generator.initial_seed())
#+     eps = torch.randn(replicates, generator=own, dtype=loc.dtype)


# %% wrong at_most_a_thousand, from right slopes_by_hand: No more than a thousand replicates, to save time: asked for more, it is no more precise.
# diagnosis: replicates_ignored
#-     eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
#+     eps = torch.randn(min(replicates, 1000), generator=generator, dtype=loc.dtype)
