import itertools
import math

import numpy as np

NAMES = ["biased", "heavy-tailed", "another model"]


def put(biased, heavy, another):
    names = [""] * 3
    names[biased], names[heavy], names[another] = NAMES
    return names


# %% right ratio_then_place: the heavy-tailed one has the largest second step over first step; of the two others the biased one arrives, corrected by what a 1/K bias still lacks, nearest to the closed form
def name_them(values, errors, samples, x, noise):
    values = np.asarray(values, dtype=float)
    s2 = 1 + float(noise) ** 2
    truth = -0.5 * float(x) ** 2 / s2 - 0.5 * math.log(2 * math.pi * s2)
    first, second = values[:, 1] - values[:, 0], values[:, 2] - values[:, 1]
    ratio = second / first.clip(0.02)
    heavy = int(ratio.argmax())
    rest = [i for i in range(3) if i != heavy]
    off = abs(values[:, 2] + second.clip(0) / 7 - truth)
    biased = min(rest, key=lambda i: float(off[i]))
    return put(biased, heavy, 3 - heavy - biased)

# %% right power_laws: fits A - B K^-a to every person, fast a for a wide q and slow a for a heavy tail, with A at the evidence for two of them and free for one, and takes the best of six orders
def name_them(values, errors, samples, x, noise):
    v, e, k = (np.asarray(each, dtype=float) for each in (values, errors, samples))
    s2 = 1 + float(noise) ** 2
    truth = -0.5 * float(x) ** 2 / s2 - 0.5 * math.log(2 * math.pi * s2)

    def misfit(i, powers, free):
        best = math.inf
        for a in powers:
            columns = [-((k / k[0]) ** -a)] + ([np.ones(3)] if free else [])
            X = np.stack(columns, 1) / e[i][:, None]
            y = (v[i] - (0 if free else truth)) / e[i]
            b = np.linalg.lstsq(X, y, rcond=None)[0]
            if b[0] < 0:
                b[0] = 0
                if free:
                    b[1] = (v[i] / e[i] ** 2).sum() / (1 / e[i] ** 2).sum()
            best = min(best, float(((y - X @ b) ** 2).sum()))
        return best

    fast, slow = [0.9 + 0.1 * j for j in range(9)], [0.15 + 0.05 * j for j in range(11)]
    cost = [[misfit(i, fast, False), misfit(i, slow, False), misfit(i, fast, True)] for i in range(3)]
    # free A costs a degree of freedom, and a model that is as good as the true one is no other model
    order = min(itertools.permutations(range(3)), key=lambda o: cost[o[0]][0] + cost[o[1]][1] + cost[o[2]][2])
    return put(*order)

# %% wrong printed_order: hands in the order of the case that is printed, whatever comes; a student who reads one case by eye
def name_them(values, errors, samples, x, noise):
    return ["biased", "another model", "heavy-tailed"]

# %% wrong farthest_is_other: at the largest K alone, farthest from the evidence is the other model, nearest the biased one; a heavy tail may lie as far off as the other model, and a single K does not tell
def name_them(values, errors, samples, x, noise):
    values, errors = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    s2 = 1 + noise**2
    truth = -0.5 * x**2 / s2 - 0.5 * math.log(2 * math.pi * s2)
    order = abs(values[:, 2] - truth).argsort().tolist()
    return put(order[0], order[1], order[2])

# %% wrong step_size: heavy-tailed is whoever moves most by size from 64 to 512, not by ratio; a wide q that began far off moves more and settles all the same
def name_them(values, errors, samples, x, noise):
    values, errors = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    s2 = 1 + noise**2
    truth = -0.5 * x**2 / s2 - 0.5 * math.log(2 * math.pi * s2)
    heavy = int((values[:, 2] - values[:, 1]).argmax())
    rest = [i for i in range(3) if i != heavy]
    biased = min(rest, key=lambda i: abs(float(values[i, 2]) - truth))
    return put(biased, heavy, 3 - heavy - biased)

# %% wrong noise_as_variance: takes noise for a variance, 1 + noise, so that the place at which one should arrive is wrong except at noise near one
def name_them(values, errors, samples, x, noise):
    values, errors = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    s2 = 1 + noise
    truth = -0.5 * x**2 / s2 - 0.5 * math.log(2 * math.pi * s2)
    heavy = int(((values[:, 2] - values[:, 1]) / (values[:, 1] - values[:, 0]).clip(0.02)).argmax())
    rest = [i for i in range(3) if i != heavy]
    biased = min(rest, key=lambda i: abs(float(values[i, 2]) - truth))
    return put(biased, heavy, 3 - heavy - biased)

# %% wrong lower_is_other: finds the heavy tail by the ratio, and says that the lower of the other two is another model, without x and noise; the other model may end above the evidence
def name_them(values, errors, samples, x, noise):
    values = np.asarray(values, dtype=float)
    heavy = int(((values[:, 2] - values[:, 1]) / (values[:, 1] - values[:, 0]).clip(0.02)).argmax())
    rest = [i for i in range(3) if i != heavy]
    biased = max(rest, key=lambda i: float(values[i, 2]))
    return put(biased, heavy, 3 - heavy - biased)

# %% wrong smallest_k: finds the heavy tail by the ratio, and compares with the evidence at the K of the first column, where the bias is as large as the other model's distance
def name_them(values, errors, samples, x, noise):
    values, errors = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    s2 = 1 + noise**2
    truth = -0.5 * x**2 / s2 - 0.5 * math.log(2 * math.pi * s2)
    heavy = int(((values[:, 2] - values[:, 1]) / (values[:, 1] - values[:, 0]).clip(0.02)).argmax())
    rest = [i for i in range(3) if i != heavy]
    biased = min(rest, key=lambda i: abs(float(values[i, 0]) - truth))
    return put(biased, heavy, 3 - heavy - biased)

# %% wrong turned_round: all steps right, and the names of the two wide ones exchanged: what arrives at the evidence is called another model
def name_them(values, errors, samples, x, noise):
    values, errors = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    s2 = 1 + noise**2
    truth = -0.5 * x**2 / s2 - 0.5 * math.log(2 * math.pi * s2)
    heavy = int(((values[:, 2] - values[:, 1]) / (values[:, 1] - values[:, 0]).clip(0.02)).argmax())
    rest = [i for i in range(3) if i != heavy]
    other = min(rest, key=lambda i: abs(float(values[i, 2]) - truth))
    return put(3 - heavy - other, heavy, other)

# %% wrong largest_errors: heavy tails mean large standard errors, so the largest sum of errors is the heavy-tailed one; but replicates were added until all errors were the same
def name_them(values, errors, samples, x, noise):
    values, errors = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    s2 = 1 + noise**2
    truth = -0.5 * x**2 / s2 - 0.5 * math.log(2 * math.pi * s2)
    heavy = int(errors.sum(1).argmax())
    rest = [i for i in range(3) if i != heavy]
    biased = min(rest, key=lambda i: abs(float(values[i, 2]) - truth))
    return put(biased, heavy, 3 - heavy - biased)
