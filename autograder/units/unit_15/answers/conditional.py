# %% right every_label: Every label for every row; the given one is picked, or all are added up.
import math

import torch
import torch.nn.functional as F


def conditional_objective(encoder, prior, decoder, x, y, eps):
    def bound(y):
        loc, log_scale = encoder(torch.cat([x, y], -1)).chunk(2, -1)
        m, log_u = prior(y).chunk(2, -1)
        kl = log_u - log_scale + 0.5 * ((2 * log_scale).exp() + (loc - m) ** 2) * (-2 * log_u).exp() - 0.5
        z = loc + log_scale.exp() * eps
        logits = decoder(torch.cat([z, y.expand(*z.shape[:-1], y.shape[-1])], -1))
        like = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
        return like.mean(0) - kl.sum(-1)

    count = y.shape[-1]
    each = torch.stack([bound(one.expand_as(y)) for one in torch.eye(count, dtype=y.dtype)], -1)
    missing = each.logsumexp(-1) - math.log(count)
    return torch.where(y.sum(-1) > 0, (each * y).sum(-1), missing)


# %% right distributions: torch's Normal, its KL, and a guess q(y | x) held fixed at its best.
import math

import torch
from torch.distributions import Bernoulli, Normal, kl_divergence


def conditional_objective(encoder, prior, decoder, x, y, eps):
    def normal(numbers):
        loc, log_scale = numbers.chunk(2, -1)
        return Normal(loc, log_scale.exp())

    def bound(y):
        q, p = normal(encoder(torch.cat([x, y], -1))), normal(prior(y))
        z = q.loc + q.scale * eps
        logits = decoder(torch.cat([z, y.expand(*z.shape[:-1], -1)], -1))
        return Bernoulli(logits=logits).log_prob(x).sum(-1).mean(0) - kl_divergence(q, p).sum(-1)

    count = y.shape[-1]
    each = torch.stack([bound(one.expand_as(y)) for one in torch.eye(count, dtype=y.dtype)])
    guess = each.detach().softmax(0)
    missing = (guess * each).sum(0) + torch.special.entr(guess).sum(0) - math.log(count)
    given = y.sum(-1) > 0
    return torch.where(given, bound(y), missing)


# %% right loops: Row by row and sample by sample.
import math

import torch
import torch.nn.functional as F


def conditional_objective(encoder, prior, decoder, x, y, eps):
    shape, count = x.shape[:-1], y.shape[-1]
    rows, labels = x.reshape(-1, x.shape[-1]), y.reshape(-1, count)
    noise = eps.reshape(len(eps), -1, eps.shape[-1])

    def bound(row, label, e):
        numbers, towards = encoder(torch.cat([row, label])), prior(label)
        half = len(numbers) // 2
        loc, log_s, m, log_u = numbers[:half], numbers[half:], towards[:half], towards[half:]
        total = 0.0
        for k in range(len(e)):
            logits = decoder(torch.cat([loc + log_s.exp() * e[k], label]))
            total = total + (F.logsigmoid(logits) * row + F.logsigmoid(-logits) * (1 - row)).sum()
        kl = 0.0
        for d in range(half):
            kl = kl + log_u[d] - log_s[d] + ((2 * log_s[d]).exp() + (loc[d] - m[d]) ** 2) / (2 * (2 * log_u[d]).exp()) - 0.5
        return total / len(e) - kl

    found = []
    for n in range(len(rows)):
        if labels[n].sum() > 0:
            found.append(bound(rows[n], labels[n], noise[:, n]))
        else:
            each = [bound(rows[n], one, noise[:, n]) - math.log(count) for one in torch.eye(count, dtype=y.dtype)]
            found.append(torch.logsumexp(torch.stack(each), 0))
    return torch.stack(found).reshape(shape)


# %% wrong standard_normal, from right every_label: The prior is N(0, I) for every label.
# diagnosis: standard_prior
#-         m, log_u = prior(y).chunk(2, -1)
#+         m, log_u = torch.zeros_like(loc), torch.zeros_like(loc)


# %% wrong reversed, from right distributions: The KL the other way round.
# diagnosis: kl_reversed
#-         return Bernoulli(logits=logits).log_prob(x).sum(-1).mean(0) - kl_divergence(q, p).sum(-1)
#+         return Bernoulli(logits=logits).log_prob(x).sum(-1).mean(0) - kl_divergence(p, q).sum(-1)


# %% wrong variances, from right distributions: The second halves are read as log variances.
# diagnosis: log_variance
#-         return Normal(loc, log_scale.exp())
#+         return Normal(loc, (log_scale / 2).exp())


# %% wrong label_free, from right every_label: The prior of a missing label is forgotten.
# diagnosis: prior_of_label_forgotten
#-     missing = each.logsumexp(-1) - math.log(count)
#+     missing = each.logsumexp(-1)


# %% wrong even_guess, from right every_label: All labels count alike where none is given.
# diagnosis: labels_averaged
#-     missing = each.logsumexp(-1) - math.log(count)
#+     missing = each.mean(-1)


# %% wrong best_guess, from right every_label: The best label stands for all.
# diagnosis: best_label
#-     missing = each.logsumexp(-1) - math.log(count)
#+     missing = each.max(-1).values - math.log(count)


# %% wrong no_entropy, from right distributions: The entropy of the guess is forgotten.
# diagnosis: entropy_forgotten
#-     missing = (guess * each).sum(0) + torch.special.entr(guess).sum(0) - math.log(count)
#+     missing = (guess * each).sum(0) - math.log(count)


# %% wrong zeros_fed, from right every_label: Zeros are fed for a missing label.
# diagnosis: no_label_fed
#-     missing = each.logsumexp(-1) - math.log(count)
#+     missing = bound(torch.zeros_like(y))


# %% wrong joint, from right every_label: p(y) is counted where y is given, too.
# diagnosis: joint_for_given
#-     return torch.where(y.sum(-1) > 0, (each * y).sum(-1), missing)
#+     return torch.where(y.sum(-1) > 0, (each * y).sum(-1) - math.log(count), missing)


# %% wrong fixed_prior, from right every_label: The prior's net is not learned.
# diagnosis: prior_detached
#-         m, log_u = prior(y).chunk(2, -1)
#+         m, log_u = prior(y).detach().chunk(2, -1)


# %% wrong cut, from right every_label: z is detached.
# diagnosis: sample_detached
#-         logits = decoder(torch.cat([z, y.expand(*z.shape[:-1], y.shape[-1])], -1))
#+         logits = decoder(torch.cat([z.detach(), y.expand(*z.shape[:-1], y.shape[-1])], -1))


# %% wrong per_pixel, from right every_label: The mean over the pixels.
# diagnosis: mean_over_pixels
#-         like = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#+         like = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").mean(-1)


# %% wrong clamped, from right distributions: Probabilities are kept away from zero and one.
# diagnosis: value or described
#-         return Bernoulli(logits=logits).log_prob(x).sum(-1).mean(0) - kl_divergence(q, p).sum(-1)
#+         return Bernoulli(probs=logits.sigmoid().clamp(1e-6, 1 - 1e-6)).log_prob(x).sum(-1).mean(0) - kl_divergence(q, p).sum(-1)
