import bisect

import torch
from torch import Tensor


def root(on, off, h):
    """Where sum on/phi = sum off h / (1 - phi h), by halving."""
    low, high = torch.zeros((), dtype=h.dtype), 1 / h.max()
    for _ in range(200):
        phi = (low + high) / 2
        slope = (on - off * phi * h / (1 - phi * h)).sum()
        low, high = (phi, high) if slope > 0 else (low, phi)
    return (low + high) / 2


# %% right bisect_over_whole_numbers: the standard library's bisect on a range of 2^50 fractions of the largest phi, with the slope as its key
def three_targets(joint: Tensor, h: Tensor, data: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    chance = joint.sum(1)
    shares = (h / h.max()).tolist()

    def rest(weights):
        rows = [(float(w * one / c), float(w * zero / c), s) for w, (zero, one), c, s in zip(weights, joint.tolist(), chance.tolist(), shares)]

        def fall(number):
            t = number / 2**50
            return sum(zero * t * s / (1 - t * s) - one for one, zero, s in rows)

        place = bisect.bisect_left(range(1, 2**50), 0.0, key=fall) + 1
        return h.new_tensor(place / 2**50) / h.max()

    squares = torch.dot(joint[:, 1], h) / torch.dot(chance, h.square())
    return rest(chance.tolist()), squares, rest(data.tolist())


# %% wrong weights_set_once: asleep is weighted least squares with the weights 1 / f(1 - f) taken at the least-squares solution and kept; one step of an iteration
def three_targets(joint: Tensor, h: Tensor, data: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    chance, posterior = joint.sum(1), joint[:, 1] / joint.sum(1)
    squares = (joint[:, 1] * h).sum() / (chance * h.square()).sum()
    f = (squares * h).clamp(1e-6, 1 - 1e-6)
    weight = chance / (f * (1 - f))
    asleep = (weight * posterior * h).sum() / (weight * h.square()).sum()
    return asleep, squares, root(data * posterior, data * (1 - posterior), h)


# %% wrong means_matched: asleep, q is given the right mean of z over the dreams, as an exponential family would have it; phi is no natural parameter
def three_targets(joint: Tensor, h: Tensor, data: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    chance, posterior = joint.sum(1), joint[:, 1] / joint.sum(1)
    asleep = joint[:, 1].sum() / (chance * h).sum()
    squares = (joint[:, 1] * h).sum() / (chance * h.square()).sum()
    return asleep, squares, root(data * posterior, data * (1 - posterior), h)


# %% wrong squares_at_the_data: the third is least squares of the posterior with the data's weights, where a KL divergence was asked
def three_targets(joint: Tensor, h: Tensor, data: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    chance, posterior = joint.sum(1), joint[:, 1] / joint.sum(1)
    squares = (joint[:, 1] * h).sum() / (chance * h.square()).sum()
    at_data = (data * posterior * h).sum() / (data * h.square()).sum()
    return root(joint[:, 1], joint[:, 0], h), squares, at_data


# %% wrong away_from_the_ends: looks between half a per cent and 99.5 per cent of the range, so that logarithms stay finite; some optima lie beyond
def three_targets(joint: Tensor, h: Tensor, data: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    chance, posterior = joint.sum(1), joint[:, 1] / joint.sum(1)

    def inside(on, off):
        low, high = 0.005 / h.max(), 0.995 / h.max()
        for _ in range(100):
            phi = (low + high) / 2
            if (on / phi - off * h / (1 - phi * h)).sum() > 0:
                low = phi
            else:
                high = phi
        return (low + high) / 2

    squares = (joint[:, 1] * h).sum() / (chance * h.square()).sum()
    return inside(joint[:, 1], joint[:, 0]), squares, inside(data * posterior, data * (1 - posterior))
