import itertools
import math

import numpy as np

NAMES = ["biased", "noisy", "another target"]


def put(biased, noisy, another):
    names = [""] * 3
    names[biased], names[noisy], names[another] = NAMES
    return names


def moments(draws):
    d = np.asarray(draws, dtype=float)
    return d.mean(1), d.std(1, ddof=1) / math.sqrt(d.shape[1])


def grid(nodes=121, width=8.0):
    """Two numbers of noise on a grid, (nodes^2, 2), and their chances."""
    t = np.linspace(-width, width, nodes)
    one = np.exp(-0.5 * t**2)
    one /= one.sum()
    return np.stack([np.repeat(t, nodes), np.tile(t, nodes)], 1), np.outer(one, one).reshape(-1)


def pieces(e, x, m, s):
    """Normalized weights of both samples, (G, 2), and the slopes of log w, with and without the score, (G, 2, 2)."""
    z = m + s * e
    log_w = -0.5 * z**2 - 0.5 * (x - z) ** 2 + 0.5 * e**2
    r = np.exp(log_w - log_w.max(1, keepdims=True))
    r /= r.sum(1, keepdims=True)
    up = x - 2 * z
    total = np.stack([up, up * s * e + 1], -1)
    path = np.stack([up + e / s, up * s * e + e**2], -1)
    return r, total, path


def best(mean, error, expected):
    cost = [[(((mean[i] - v) / error[i]) ** 2).sum() for v in expected] for i in range(3)]
    return put(*min(itertools.permutations(range(3)), key=lambda o: sum(cost[o[who]][who] for who in range(3))))


def elbo_slope(x, m, s):
    return np.array([x - 2 * m, 1 - 2 * s**2])


# %% right slopes_on_a_grid: the mean slopes, weighted by the normalized weights, on a grid of both noises, the ELBO's in closed form, and the best of six orders in standard errors
def name_them(draws, x, loc, scale):
    mean, error = moments(draws)
    e, chance = grid()
    r, total, path = pieces(e, x, loc, scale)
    biased = (chance[:, None] * (r[..., None] * path).sum(1)).sum(0)
    noisy = (chance[:, None] * (r[..., None] * total).sum(1)).sum(0)
    return best(mean, error, [biased, noisy, elbo_slope(x, loc, scale)])

# %% right values_differenced: writes down the value of the bound on a Gauss-Hermite grid, with the parameters of log q live or held, and differentiates by central differences
def name_them(draws, x, loc, scale):
    d = np.asarray(draws, dtype=float)
    t, w = np.polynomial.hermite_e.hermegauss(80)
    w = w / w.sum()

    def log_weights(m, rho, a, b):
        z = m + math.exp(rho) * t
        return -0.5 * z**2 - 0.5 * (x - z) ** 2 + 0.5 * ((z - a) / math.exp(b)) ** 2 + b

    def bound(m, rho, a, b):
        one = log_weights(m, rho, a, b)
        return w @ np.logaddexp(one[:, None], one[None, :]) @ w

    def single(m, rho, a, b):
        return w @ log_weights(m, rho, a, b)

    h, rho = 1e-5, math.log(scale)

    def slope(f, live):
        out = []
        for dm, dr in ((h, 0.0), (0.0, h)):
            held = lambda sign: (loc + sign * dm, rho + sign * dr) if live else (loc, rho)
            out.append((f(loc + dm, rho + dr, *held(1)) - f(loc - dm, rho - dr, *held(-1))) / (2 * h))
        return np.array(out)

    expected = [slope(bound, False), slope(bound, True), slope(single, True)]
    least, answer = math.inf, None
    for order in itertools.permutations(range(3)):
        total = 0.0
        for who, i in enumerate(order):
            error = d[i].std(0) / math.sqrt(d.shape[1])
            total += (((d[i].mean(0) - expected[who]) / error) ** 2).sum()
        if total < least:
            least, answer = total, put(*order)
    return answer

# %% wrong printed_order: the order of the opened case, whatever comes
def name_them(draws, x, loc, scale):
    return ["another target", "biased", "noisy"]

# %% wrong loudest: the other target is found by its closed form, and the louder of the rest is the noisy one; with a narrow q the total derivative can be quieter than the path alone
def name_them(draws, x, loc, scale):
    mean, error = moments(draws)
    another = min(range(3), key=lambda i: (((mean[i] - elbo_slope(x, loc, scale)) / error[i]) ** 2).sum())
    noisy = max((i for i in range(3) if i != another), key=lambda i: error[i].sum())
    return put(3 - another - noisy, noisy, another)

# %% wrong doubly: predicts for the biased one the doubly reparametrized gradient (squared weights), which is unbiased for the same bound: two of the three predictions are the same
def name_them(draws, x, loc, scale):
    mean, error = moments(draws)
    e, chance = grid()
    r, total, path = pieces(e, x, loc, scale)
    biased = (chance[:, None] * (r[..., None] ** 2 * path).sum(1)).sum(0)
    noisy = (chance[:, None] * (r[..., None] * total).sum(1)).sum(0)
    return best(mean, error, [biased, noisy, elbo_slope(x, loc, scale)])

# %% wrong nearer_to_elbo: of the two that climb the tighter bound the biased one is thought to be nearer to the ELBO's slope; the held parameters may push it farther
def name_them(draws, x, loc, scale):
    mean, error = moments(draws)
    off = [(((mean[i] - elbo_slope(x, loc, scale)) / error[i]) ** 2).sum() for i in range(3)]
    order = sorted(range(3), key=lambda i: off[i])
    return put(order[1], order[2], order[0])

# %% wrong only_m: right predictions, judged by the gradient for m alone; near m = x / 2 only log s tells them apart
def name_them(draws, x, loc, scale):
    mean, error = moments(draws)
    e, chance = grid()
    r, total, path = pieces(e, x, loc, scale)
    biased = (chance[:, None] * (r[..., None] * path).sum(1)).sum(0)
    noisy = (chance[:, None] * (r[..., None] * total).sum(1)).sum(0)
    return best(mean[:, :1], error[:, :1], [v[:1] for v in (biased, noisy, elbo_slope(x, loc, scale))])

# %% wrong slope_in_s: predicts the second column in s and not in log s: right only where s is near one
def name_them(draws, x, loc, scale):
    mean, error = moments(draws)
    e, chance = grid()
    r, total, path = pieces(e, x, loc, scale)
    biased = (chance[:, None] * (r[..., None] * path).sum(1)).sum(0)
    noisy = (chance[:, None] * (r[..., None] * total).sum(1)).sum(0)
    unit = np.array([1, 1 / scale])
    return best(mean, error, [unit * v for v in (biased, noisy, elbo_slope(x, loc, scale))])

# %% wrong turned_round: the total derivative is thought to be the biased one, because it is loud, and the path to be right, as for the ELBO
def name_them(draws, x, loc, scale):
    mean, error = moments(draws)
    e, chance = grid()
    r, total, path = pieces(e, x, loc, scale)
    held = (chance[:, None] * (r[..., None] * path).sum(1)).sum(0)
    live = (chance[:, None] * (r[..., None] * total).sum(1)).sum(0)
    return best(mean, error, [live, held, elbo_slope(x, loc, scale)])

# %% wrong score_in_the_average: predicts for the average of two logarithms the slope that lacks the entropy, -2 s^2, taking the held log q for a constant that has no slope through z
def name_them(draws, x, loc, scale):
    mean, error = moments(draws)
    e, chance = grid()
    r, total, path = pieces(e, x, loc, scale)
    biased = (chance[:, None] * (r[..., None] * path).sum(1)).sum(0)
    noisy = (chance[:, None] * (r[..., None] * total).sum(1)).sum(0)
    return best(mean, error, [biased, noisy, np.array([x - 2 * loc, -2 * scale**2])])
