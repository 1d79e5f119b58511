import itertools
import math

import numpy as np

NAMES = ["straight-through", "relaxed", "unbiased"]
PAIR = np.array([1, 0])


def put(straight, relaxed, unbiased):
    names = [""] * 3
    names[straight], names[relaxed], names[unbiased] = NAMES
    return names


def arrays(*tensors):
    return [np.asarray(each, dtype=float) for each in tensors]


def sigmoid(t):
    return 1 / (1 + np.exp(-t))


def hard(l, a, Q):
    """The exact means of the straight-through and of the score function."""
    p = sigmoid(l)
    slope = p * (1 - p)
    return slope * (a + Q @ p), slope * (a + 0.5 * np.diag(Q) + Q[0, 1] * p[PAIR])


def soft(l, a, Q, temperature, nodes=4001):
    """The exact mean of the relaxed one, from one-dimensional integrals."""
    t = np.linspace(-25, 25, nodes)
    density = sigmoid(t) * sigmoid(-t) * (t[1] - t[0])
    z = sigmoid((l[:, None] + t) / temperature)
    dz = z * (1 - z) / temperature
    mean, d_mean, d_square = (z * density).sum(1), (dz * density).sum(1), (2 * z * dz * density).sum(1)
    return a * d_mean + 0.5 * np.diag(Q) * d_square + Q[0, 1] * d_mean * mean[PAIR]


def best(mean, error, expected):
    cost = [[(((mean[i] - e) / error[i]) ** 2).sum() for e in expected] for i in range(3)]
    return put(*min(itertools.permutations(range(3)), key=lambda o: sum(cost[o[who]][who] for who in range(3))))


# %% right one_dimension: f is a quadratic and the bits are independent, so the relaxed mean needs E z, E z^2 and their slopes, each a one-dimensional integral; best of six orders in standard errors
def name_them(means, errors, logits, linear, quadratic, temperature, level):
    means, errors, l, a, Q = arrays(means, errors, logits, linear, quadratic)
    straight, unbiased = hard(l, a, Q)
    return best(means, errors, [straight, soft(l, a, Q, float(temperature)), unbiased])

# %% right two_dimensions: sums over the four states for two of them, the relaxed mean on a grid of both noises, differentiated by central differences, and the orders scored by a loop
def name_them(means, errors, logits, linear, quadratic, temperature, level):
    means, errors, l, a, Q = arrays(means, errors, logits, linear, quadratic)
    p = sigmoid(l)
    straight, unbiased = np.zeros(2), np.zeros(2)
    for bits in itertools.product((0.0, 1.0), repeat=2):
        b = np.array(bits)
        chance = np.where(b == 1, p, 1 - p).prod()
        straight += chance * (a + Q @ b) * p * (1 - p)
        unbiased += chance * (level + a @ b + 0.5 * b @ Q @ b) * (b - p)
    t = np.linspace(-25, 25, 301)
    density = sigmoid(t) * sigmoid(-t)
    density /= density.sum()

    def value(at):
        u, v = sigmoid((at[0] + t) / temperature)[:, None], sigmoid((at[1] + t) / temperature)[None, :]
        f = level + a[0] * u + a[1] * v + 0.5 * Q[0, 0] * u**2 + 0.5 * Q[1, 1] * v**2 + Q[0, 1] * u * v
        return density @ f @ density

    h = 1e-4
    relaxed = np.array([(value(l + h * e) - value(l - h * e)) / (2 * h) for e in np.eye(2)])
    chosen, least = None, math.inf
    for o in itertools.permutations(range(3)):
        total = sum((((means[i] - e) / errors[i]) ** 2).sum() for i, e in zip(o, (straight, relaxed, unbiased)))
        if total < least:
            chosen, least = put(*o), total
    return chosen

# %% wrong printed_order: the order of the opened case, whatever comes
def name_them(means, errors, logits, linear, quadratic, temperature, level):
    return ["straight-through", "relaxed", "unbiased"]

# %% wrong loudest: sorts by standard errors, the loudest is the score function, the quietest straight-through; a cold path is loud, and a flat function has a quiet score
def name_them(means, errors, logits, linear, quadratic, temperature, level):
    order = np.asarray(errors).sum(1).argsort().tolist()
    return put(order[0], order[1], order[2])

# %% wrong unit_temperature: ignores the temperature and takes the relaxed mean at one
def name_them(means, errors, logits, linear, quadratic, temperature, level):
    means, errors, l, a, Q = arrays(means, errors, logits, linear, quadratic)
    straight, unbiased = hard(l, a, Q)
    return best(means, errors, [straight, soft(l, a, Q, 1.0), unbiased])

# %% wrong limits: a relaxed one is thought to be unbiased but for a little, so the unbiased is nearest the exact gradient and the relaxed second nearest; when it is warm it is the farthest
def name_them(means, errors, logits, linear, quadratic, temperature, level):
    means, errors, l, a, Q = arrays(means, errors, logits, linear, quadratic)
    _, unbiased = hard(l, a, Q)
    order = abs(means - unbiased).sum(1).argsort().tolist()
    return put(order[2], order[1], order[0])

# %% wrong normal_noise: writes the relaxed mean as an integral over standard normal noise; the noise of a binary concrete is logistic, nearly twice as wide
def name_them(means, errors, logits, linear, quadratic, temperature, level):
    means, errors, l, a, Q = arrays(means, errors, logits, linear, quadratic)
    straight, unbiased = hard(l, a, Q)
    t = np.linspace(-9, 9, 4001)
    density = np.exp(-0.5 * t**2)
    density /= density.sum()
    z = sigmoid((l[:, None] + t) / temperature)
    dz = z * (1 - z) / temperature
    relaxed = (a + 0 * l) * (dz * density).sum(1) + np.diag(Q) * (z * dz * density).sum(1) + Q[0, 1] * (dz * density).sum(1) * (z * density).sum(1)[PAIR]
    return best(means, errors, [straight, relaxed, unbiased])

# %% wrong inner_slope_lost: the relaxed gradient without the factor 1 / temperature of the inner slope: right at temperature one alone
def name_them(means, errors, logits, linear, quadratic, temperature, level):
    means, errors, l, a, Q = arrays(means, errors, logits, linear, quadratic)
    straight, unbiased = hard(l, a, Q)
    return best(means, errors, [straight, temperature * soft(l, a, Q, temperature), unbiased])

# %% wrong diagonal_lost: straight-through is predicted without the bit's own quadratic term, as if f had no b_i^2; that makes it differ from the unbiased one by the wrong amount
def name_them(means, errors, logits, linear, quadratic, temperature, level):
    means, errors, l, a, Q = arrays(means, errors, logits, linear, quadratic)
    straight, unbiased = hard(l, a, Q - np.diag(np.diag(Q)))
    return best(means, errors, [straight, soft(l, a, Q, temperature), unbiased])

# %% wrong turned_round: finds the unbiased one, and of the others calls relaxed whoever fits the straight-through mean: the two criteria exchanged
def name_them(means, errors, logits, linear, quadratic, temperature, level):
    means, errors, l, a, Q = arrays(means, errors, logits, linear, quadratic)
    straight, unbiased = hard(l, a, Q)
    return best(means, errors, [soft(l, a, Q, temperature), straight, unbiased])

# %% wrong hash_of_input: draws an order by a hash of the first number that comes in: the same answer whenever it is asked, and right by chance in one case of six
def name_them(means, errors, logits, linear, quadratic, temperature, level):
    key = int(abs(float(np.asarray(means, dtype=float).reshape(-1)[0])) * 1e6)
    return [NAMES[i] for i in list(itertools.permutations(range(3)))[key % 6]]
