# %% right multilinear: All states, weighted by products of b and 1 - b; b (1 - b) with a factor for each bit turns the sign.
import itertools

import torch


def rewrite(f, logits):
    D = len(logits)
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    values = f(states)
    p = torch.sigmoid(logits)

    def weights(b):
        return torch.where(states > 0.5, b.unsqueeze(-2), 1 - b.unsqueeze(-2)).prod(-1)

    def unbiased(b):
        return weights(b) @ values

    at_p = p.clone().requires_grad_()
    (rise,) = torch.autograd.grad(unbiased(at_p), at_p)
    kappa = -2 * rise / (1 - 2 * p)

    def turned(b):
        return unbiased(b) + (b * (1 - b)) @ kappa

    return unbiased, turned


# %% right cubic: One bit after the other is interpolated; for the second a cubic that rises from 0 to 1 and falls at both ends, for every q.
import torch


def rewrite(f, logits):
    def interpolated(b, fixed):
        i = len(fixed)
        if i == len(logits):
            return f(torch.stack(fixed, -1))
        low = interpolated(b, fixed + [torch.zeros_like(b[:, 0])])
        high = interpolated(b, fixed + [torch.ones_like(b[:, 0])])
        return low + b[:, i] * (high - low)

    def first(b):
        return interpolated(b, [])

    def second(b):
        return interpolated(b - 2 * b * (1 - b) * (1 - 2 * b), [])

    return first, second


# %% right from_f: A class with the coefficients of all products; the second is f itself, with what its own bias leaves to be done.
import itertools

import torch


class Polynomial:
    def __init__(self, f, D, like):
        self.subsets = [s for n in range(D + 1) for s in itertools.combinations(range(D), n)]
        self.coefficients = []
        for subset in self.subsets:
            total = 0.0
            for n in range(len(subset) + 1):
                for inner in itertools.combinations(subset, n):
                    b = torch.zeros(1, D, dtype=like.dtype)
                    b[0, list(inner)] = 1
                    total = total + (-1) ** (len(subset) - n) * f(b)[0]
            self.coefficients.append(total)

    def __call__(self, b):
        out = torch.zeros(len(b), dtype=b.dtype)
        for subset, coefficient in zip(self.subsets, self.coefficients):
            product = torch.ones(len(b), dtype=b.dtype)
            for i in subset:
                product = product * b[:, i]
            out = out + coefficient * product
        return out


def rewrite(f, logits):
    D, p = len(logits), 1 / (1 + torch.exp(-logits))
    first = Polynomial(f, D, logits)
    truth, own = torch.zeros(D, dtype=logits.dtype), torch.zeros(D, dtype=logits.dtype)
    for bits in itertools.product([0.0, 1.0], repeat=D):
        b = torch.tensor([bits], dtype=logits.dtype, requires_grad=True)
        chance = torch.where(b[0] > 0.5, p, 1 - p).prod().detach()
        own += chance * torch.autograd.grad(f(b).sum(), b)[0][0]
        truth += chance * torch.autograd.grad(first(b).sum(), b)[0][0]
    factor = (-truth - own) / (1 - 2 * p)

    def second(b):
        return f(b) + (factor * (b - b**2)).sum(-1)

    return first, second


# %% wrong as_given, from right multilinear: f is left as it is.
# diagnosis: not_rewritten
#-     return unbiased, turned
#+     return f, turned


# %% wrong here_only, from right from_f: The bias is taken back at the q given, and comes back elsewhere.
# diagnosis: one_q_only
#-     return first, second
#+     here = (truth - own) / (1 - 2 * p)
#+     return lambda b: f(b) + (here * (b - b**2)).sum(-1), second


# %% wrong minus_f, from right multilinear: The sign of f is turned: that is another model.
# diagnosis: model_changed
#-     return unbiased, turned
#+     return unbiased, lambda b: -unbiased(b)


# %% wrong additive, from right multilinear: What each bit does by itself, added up.
# diagnosis: interaction_lost
#-         return weights(b) @ values
#+         eye, zero = torch.eye(D, dtype=b.dtype), torch.zeros(1, D, dtype=b.dtype)
#+         return f(zero) + b @ (f(eye) - f(zero))


# %% wrong half, from right multilinear: Half of what is needed: the gradient vanishes.
# diagnosis: half_way
#-     kappa = -2 * rise / (1 - 2 * p)
#+     kappa = -rise / (1 - 2 * p)


# %% wrong sign, from right multilinear: The sign of the added term.
# diagnosis: kappa_sign
#-     kappa = -2 * rise / (1 - 2 * p)
#+     kappa = 2 * rise / (1 - 2 * p)


# %% wrong onto_f, from right multilinear: The factor for an unbiased function, added to one that has a bias.
# diagnosis: from_own_bias
#-         return unbiased(b) + (b * (1 - b)) @ kappa
#+         return f(b) + (b * (1 - b)) @ kappa


# %% wrong exchanged, from right cubic: The second function first.
# diagnosis: turned
#-     return first, second
#+     return second, first


# %% wrong not_turned, from right multilinear: The unbiased function twice.
# diagnosis: not_turned
#-     return unbiased, turned
#+     return unbiased, unbiased


# %% wrong rounded, from right multilinear: b is rounded on its way into f: there is no slope.
# diagnosis: slopes_zero
#-     return unbiased, turned
#+     return lambda b: f(b.round()) + 0 * b.sum(-1), turned


# %% wrong own_backward, from right multilinear: A slope of its own making, in place of a function.
# diagnosis: false_slope
#-         return unbiased(b) + (b * (1 - b)) @ kappa
#+         g = unbiased(b)
#+         return 2 * g.detach() - g


# %% wrong at_corners, from right multilinear: The slopes at the states are made by hand; a hair beside them they are those of f.
# diagnosis: false_slope
#-     return unbiased, turned
#+     def patched(g):
#+         def h(b):
#+             corner = ((b == 0) | (b == 1)).all(-1)
#+             return torch.where(corner, f(b).detach() + g(b) - g(b).detach(), f(b))
#+         return h
#+     return patched(unbiased), patched(turned)


# %% wrong through_p, from right multilinear: The factor is found for the gradient in the logit, and p (1 - p) taken twice.
# diagnosis: value
#-     kappa = -2 * rise / (1 - 2 * p)
#+     kappa = -2 * rise * p * (1 - p) / (1 - 2 * p)


# %% wrong batch_mean, from right multilinear: A mean over the rows stands in the formula.
# diagnosis: not_row_by_row
#-         return unbiased(b) + (b * (1 - b)) @ kappa
#+         q = b.detach().mean(0)
#+         return unbiased(b) + (b * (1 - b)) @ kappa + ((b * (1 - b)) * (1 - 2 * b) * (q - 0.5)).sum(-1) * (b * (1 - b)).sum(-1)
