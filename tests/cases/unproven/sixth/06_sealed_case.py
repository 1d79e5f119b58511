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


def cdf(u):
    return 0.5 * (1 + math.erf(u / math.sqrt(2)))


def pdf(u):
    return math.exp(-0.5 * u * u) / math.sqrt(2 * math.pi)


def smooth(m, s, slope, wave):
    """The gradient of E[slope z + sin(wave z)] in m and log s."""
    fade = math.exp(-0.5 * (wave * s) ** 2)
    return np.array([slope + wave * math.cos(wave * m) * fade, -((wave * s) ** 2) * math.sin(wave * m) * fade])


def jump(m, s, place, height):
    """The gradient of height * P(z > place)."""
    u = (place - m) / s
    return height * pdf(u) * np.array([1 / s, u])


def ramp(m, s, place, height, width):
    """The gradient of the mean of the fee phased in over width."""
    a, b = (place - m) / s, (place + width - m) / s
    return height / width * np.array([cdf(b) - cdf(a), s * (pdf(a) - pdf(b))])


def best(mean, error, expected):
    cost = [[(((mean[i] - e) / error[i]) ** 2).sum() for e in expected] for i in range(3)]
    return put(*min(itertools.permutations(range(3)), key=lambda o: sum(cost[o[who]][who] for who in range(3))))


# %% right closed_forms: exact means of all three in closed form (damped waves, densities at the jump, the chance to be on the ramp), and the best of six orders over both columns in standard errors
def name_them(draws, loc, scale, level, slope, wave, place, height, width):
    base = smooth(loc, scale, slope, wave)
    return best(*moments(draws), [base, base + jump(loc, scale, place, height), base + ramp(loc, scale, place, height, width)])

# %% right grid_and_differences: means by sums over a fine grid (slopes along the path), the jump by central differences of its chance, and the orders by summed absolute deviations in standard errors of each person
def name_them(draws, loc, scale, level, slope, wave, place, height, width):
    mean, error = moments(draws)
    eps = np.linspace(-9, 9, 60_001)
    weight = np.exp(-0.5 * eps**2)
    weight /= weight.sum()
    z = loc + scale * eps

    def along(slopes):
        return np.array([(weight * slopes).sum(), (weight * slopes * scale * eps).sum()])

    rise = slope + wave * np.cos(wave * z)
    chance = lambda m, rho: height * 0.5 * math.erfc((place - m) / math.exp(rho) / math.sqrt(2))
    h, rho = 1e-5, math.log(scale)
    fee = np.array([chance(loc + h, rho) - chance(loc - h, rho), chance(loc, rho + h) - chance(loc, rho - h)]) / (2 * h)
    on_ramp = ((z > place) & (z < place + width)) * height / width
    expected = [along(rise), along(rise) + fee, along(rise + on_ramp)]
    best_total, answer = math.inf, None
    for order in itertools.permutations(range(3)):
        total = sum((((mean[i] - expected[who]) / error[i]) ** 2).sum() for who, i in enumerate(order))
        if total < best_total:
            best_total, answer = total, put(*order)
    return answer

# %% wrong printed_order: the order of the opened case, whatever comes
def name_them(draws, loc, scale, level, slope, wave, place, height, width):
    return ["noisy", "biased", "another target"]

# %% wrong loudest: the loudest in m is noisy, of the others the louder has the ramp in it and so another target; a rapid wave makes paths louder than the score
def name_them(draws, loc, scale, level, slope, wave, place, height, width):
    order = moments(draws)[1][:, 0].argsort().tolist()
    return put(order[0], order[2], order[1])

# %% wrong wave_at_the_mean: takes the slope of the wave at m instead of its mean over z, so that a wide q is not seen to damp it; the same in all three predictions
def name_them(draws, loc, scale, level, slope, wave, place, height, width):
    base = np.array([slope + wave * math.cos(wave * loc), -((wave * scale) ** 2) * math.sin(wave * loc)])
    return best(*moments(draws), [base, base + jump(loc, scale, place, height), base + ramp(loc, scale, place, height, width)])

# %% wrong centred_ramp: has the fee rise from place - width / 2 to place + width / 2, which the statement does not say; right only where the density is flat
def name_them(draws, loc, scale, level, slope, wave, place, height, width):
    base = smooth(loc, scale, slope, wave)
    return best(*moments(draws), [base, base + jump(loc, scale, place, height), base + ramp(loc, scale, place - width / 2, height, width)])

# %% wrong grid_without_jump: differentiates the mean over a grid of noise by the path, where the jump has no slope either: the noisy one is predicted to be where the biased one is
def name_them(draws, loc, scale, level, slope, wave, place, height, width):
    base = smooth(loc, scale, slope, wave)
    return best(*moments(draws), [base, base, base + ramp(loc, scale, place, height, width)])

# %% wrong ramp_never_ends: the ramp's slope counts for every z above place, also beyond its end, where the fee is flat
def name_them(draws, loc, scale, level, slope, wave, place, height, width):
    base = smooth(loc, scale, slope, wave)
    return best(*moments(draws), [base, base + jump(loc, scale, place, height), base + ramp(loc, scale, place, 40 * scale * height / width, 40 * scale)])

# %% wrong width_ignored: finds the biased one by the smooth mean, and takes for the other target whoever of the rest lies farther from it: a ramp is thought to be steeper than a jump; the width decides which is farther
def name_them(draws, loc, scale, level, slope, wave, place, height, width):
    mean, error = moments(draws)
    base = smooth(loc, scale, slope, wave)
    biased = min(range(3), key=lambda i: (((mean[i] - base) / error[i]) ** 2).sum())
    rest = [i for i in range(3) if i != biased]
    noisy = max(rest, key=lambda i: abs(mean[i] - base).sum())
    return put(biased, noisy, 3 - biased - noisy)

# %% wrong fee_always_positive: uses the size of the fee, abs(height), as in the example, though fees may be negative
def name_them(draws, loc, scale, level, slope, wave, place, height, width):
    base = smooth(loc, scale, slope, wave)
    return best(*moments(draws), [base, base + jump(loc, scale, place, abs(height)), base + ramp(loc, scale, place, abs(height), width)])
