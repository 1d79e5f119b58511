import itertools
import math

import numpy as np

NAMES = ["right", "kept", "heaviest"]


def put(right, kept, heaviest):
    names = [""] * 3
    names[right], names[kept], names[heaviest] = NAMES
    return names


def arrays(*tensors):
    return [np.asarray(each, dtype=float) for each in tensors]


def log_evidence(initial, transition, log_lik):
    """log p(x) by the forward recursion."""
    total, share = 0.0, initial
    for t in range(len(log_lik)):
        if t:
            share = share @ transition
        top = log_lik[t].max()
        share = share * np.exp(log_lik[t] - top)
        total += top + math.log(share.sum())
        share = share / share.sum()
    return total


def limits(initial, transition, log_lik, power=None):
    """Where "kept" and "heaviest" tend to with many particles."""
    T, S = log_lik.shape
    paths = np.array(list(itertools.product(range(S), repeat=T)))
    log_path = np.log(initial[paths[:, 0]] + 1e-300)
    kept = 0.0

    def lse(a):
        return a.max() + math.log(np.exp(a - a.max()).sum())

    for t in range(T):
        if t:
            log_path = log_path + np.log(transition[paths[:, t - 1], paths[:, t]] + 1e-300)
        # earlier likelihoods: t - s times in the shares, and once in the weight; later steps are not yet in
        first = paths[:, t + 1:].sum(1) == 0 if t + 1 < T else np.ones(len(paths), bool)
        before = log_path + sum((power(t, s) if power else t - s + 1) * log_lik[s][paths[:, s]] for s in range(t))
        before = before + np.zeros(len(paths))
        kept += lse((before + log_lik[t][paths[:, t]])[first]) - lse(before[first])
    heaviest, share = 0.0, initial
    for t in range(T):
        if t:
            share = transition[chosen]
        top = log_lik[t].max()
        heaviest += top + math.log((share * np.exp(log_lik[t] - top)).sum())
        chosen = int(np.where(share > 0, log_lik[t], -np.inf).argmax())
    return kept, heaviest


def simulate(initial, transition, log_lik, count, runs, kind, seed=0):
    """log Z-hat of so many runs of one of the three filters."""
    rng = np.random.default_rng(seed)
    starts, rows = initial.cumsum(), transition.cumsum(1)
    z = (rng.random((runs, count, 1)) * starts[-1] > starts[:-1]).sum(-1)
    log_w, total = np.zeros((runs, count)), np.zeros(runs)
    for t in range(len(log_lik)):
        if t:
            z = (rng.random((runs, count, 1)) > rows[z][..., :-1]).sum(-1)
        new = log_w + log_lik[t][z]
        total += np.logaddexp.reduce(new, axis=1) - np.logaddexp.reduce(log_w, axis=1)
        w = np.exp(new - new.max(1, keepdims=True)).cumsum(1)
        w /= w[:, -1:]
        if kind == "heaviest":
            parent = np.repeat(new.argmax(1)[:, None], count, 1)
        else:
            parent = (rng.random((runs, count, 1)) > w[:, None, :]).sum(-1).clip(0, count - 1)
        z = np.take_along_axis(z, parent, 1)
        log_w = np.take_along_axis(new, parent, 1) if kind == "kept" else np.zeros((runs, count))
    return total


def unbiased(log_estimates, truth):
    """Distances of the mean of Z-hat / p(x) from one, in standard errors."""
    ratio = np.exp(log_estimates - truth)
    return abs(ratio.mean(1) - 1) / (ratio.std(1) / math.sqrt(ratio.shape[1]) + 1e-9)


# %% right run_all_three: simulates the three filters with as many particles, and matches means and spreads of log Z-hat, and the mean of Z-hat, in standard errors, by the best of six orders
def name_them(log_estimates, initial, transition, log_lik, num_particles):
    seen, initial, transition, log_lik = arrays(log_estimates, initial, transition, log_lik)
    truth = log_evidence(initial, transition, log_lik)

    def summary(sample):
        r = sample - truth
        bounded = np.tanh(r / 2)
        values = np.array([r.mean(), r.std(), bounded.mean()])
        n = len(r)
        errors = np.array([r.std() / math.sqrt(n), math.sqrt(max(((r - r.mean()) ** 4).mean() - r.var() ** 2, 1e-12) / n) / (2 * r.std() + 1e-9), bounded.std() / math.sqrt(n)])
        return values, errors + 1e-6

    theirs = [summary(row) for row in seen]
    mine = [summary(simulate(initial, transition, log_lik, int(num_particles), 1500, kind)) for kind in NAMES]
    cost = [[(((a[0] - b[0]) ** 2) / (a[1] ** 2 + b[1] ** 2)).sum() for b in mine] for a in theirs]
    return put(*min(itertools.permutations(range(3)), key=lambda o: sum(cost[o[who]][who] for who in range(3))))

# %% right unbiased_then_runs: the right one by its mean, and the two others by running kept and heaviest a few hundred times and comparing averages of log Z-hat together
def name_them(log_estimates, initial, transition, log_lik, num_particles):
    seen, initial, transition, log_lik = arrays(log_estimates, initial, transition, log_lik)
    right = int(unbiased(seen, log_evidence(initial, transition, log_lik)).argmin())
    a, b = [i for i in range(3) if i != right]
    kept, heaviest = (np.sort(simulate(initial, transition, log_lik, int(num_particles), 1000, kind, 1)) for kind in ("kept", "heaviest"))
    row = np.sort(seen, axis=1)
    points = np.linspace(0.01, 0.99, 99)
    apart = lambda i, other: abs(np.quantile(row[i], points) - np.quantile(other, points)).mean()
    return put(right, a, b) if apart(a, kept) + apart(b, heaviest) < apart(b, kept) + apart(a, heaviest) else put(right, b, a)

# %% right unbiased_then_limits: the mean of Z-hat is the evidence for the right one at any number of particles; the two that are left are matched together with where kept and heaviest tend to, as the second hint has it (DOUBTFUL: 31 of 34 on cases of my own, as the heaviest is not at its limit when the best state is seldom reached by 8 to 16 particles; the two others reached 34 of 34)
def name_them(log_estimates, initial, transition, log_lik, num_particles):
    seen, initial, transition, log_lik = arrays(log_estimates, initial, transition, log_lik)
    right = int(unbiased(seen, log_evidence(initial, transition, log_lik)).argmin())
    a, b = [i for i in range(3) if i != right]
    kept, heaviest = limits(initial, transition, log_lik)
    level = seen.mean(1)
    one = (level[a] - kept) ** 2 + (level[b] - heaviest) ** 2
    two = (level[b] - kept) ** 2 + (level[a] - heaviest) ** 2
    return put(right, a, b) if one < two else put(right, b, a)

# %% wrong printed_order: the order of the opened case, whatever comes
def name_them(log_estimates, initial, transition, log_lik, num_particles):
    return ["kept", "right", "heaviest"]

# %% wrong mean_of_logs: takes for right whoever's average of log Z-hat is nearest to log p(x), where Jensen puts the right one below; the others by limits. In the cases in which the faults lie above it points at one of them
def name_them(log_estimates, initial, transition, log_lik, num_particles):
    seen, initial, transition, log_lik = arrays(log_estimates, initial, transition, log_lik)
    level = seen.mean(1)
    right = int(abs(level - log_evidence(initial, transition, log_lik)).argmin())
    a, b = [i for i in range(3) if i != right]
    kept, heaviest = limits(initial, transition, log_lik)
    one = (level[a] - kept) ** 2 + (level[b] - heaviest) ** 2
    two = (level[b] - kept) ** 2 + (level[a] - heaviest) ** 2
    return put(right, a, b) if one < two else put(right, b, a)

# %% wrong sorted_levels: the faults overestimate, the heaviest most: lowest average right, highest heaviest, without the model
def name_them(log_estimates, initial, transition, log_lik, num_particles):
    return put(*np.asarray(log_estimates).mean(1).argsort().tolist())

# %% wrong higher_is_heaviest: finds the right one by the mean of Z-hat, and takes the higher of the others for the heaviest, as if that always overestimated more
def name_them(log_estimates, initial, transition, log_lik, num_particles):
    seen, initial, transition, log_lik = arrays(log_estimates, initial, transition, log_lik)
    right = int(unbiased(seen, log_evidence(initial, transition, log_lik)).argmin())
    a, b = sorted((i for i in range(3) if i != right), key=lambda i: seen[i].mean())
    return put(right, a, b)

# %% wrong louder_is_heaviest: finds the right one by the mean of Z-hat, and takes whoever of the others spreads more for the heaviest; kept weights degenerate and spread as much
def name_them(log_estimates, initial, transition, log_lik, num_particles):
    seen, initial, transition, log_lik = arrays(log_estimates, initial, transition, log_lik)
    right = int(unbiased(seen, log_evidence(initial, transition, log_lik)).argmin())
    a, b = sorted((i for i in range(3) if i != right), key=lambda i: seen[i].std())
    return put(right, a, b)

# %% wrong turned_round: the right one found, and the match of the other two turned round: whoever fits the limit of kept is called heaviest
def name_them(log_estimates, initial, transition, log_lik, num_particles):
    seen, initial, transition, log_lik = arrays(log_estimates, initial, transition, log_lik)
    right = int(unbiased(seen, log_evidence(initial, transition, log_lik)).argmin())
    a, b = [i for i in range(3) if i != right]
    heaviest, kept = limits(initial, transition, log_lik)
    level = seen.mean(1)
    one = (level[a] - kept) ** 2 + (level[b] - heaviest) ** 2
    two = (level[b] - kept) ** 2 + (level[a] - heaviest) ** 2
    return put(right, a, b) if one < two else put(right, b, a)

# %% wrong no_moves: the evidence is computed without the transition, every step from the first chances, so that the mean of Z-hat is compared with the wrong number
def name_them(log_estimates, initial, transition, log_lik, num_particles):
    seen, initial, transition, log_lik = arrays(log_estimates, initial, transition, log_lik)
    still = np.tile(initial, (len(initial), 1))
    right = int(unbiased(seen, log_evidence(initial, still, log_lik)).argmin())
    a, b = [i for i in range(3) if i != right]
    kept, heaviest = limits(initial, transition, log_lik)
    level = seen.mean(1)
    one = (level[a] - kept) ** 2 + (level[b] - heaviest) ** 2
    two = (level[b] - kept) ** 2 + (level[a] - heaviest) ** 2
    return put(right, a, b) if one < two else put(right, b, a)

# %% wrong kept_alone: finds the right one, and whoever of the others is nearer to the limit of kept is kept, the third by elimination; with few particles the kept one is far from its limit, and the heaviest may be nearer
def name_them(log_estimates, initial, transition, log_lik, num_particles):
    seen, initial, transition, log_lik = arrays(log_estimates, initial, transition, log_lik)
    right = int(unbiased(seen, log_evidence(initial, transition, log_lik)).argmin())
    kept, _ = limits(initial, transition, log_lik)
    a, b = sorted((i for i in range(3) if i != right), key=lambda i: abs(seen[i].mean() - kept))
    return put(right, a, b)

# %% wrong hash_of_input: draws an order by a hash of the first number that comes in: the same answer whenever it is asked, and right by chance in one case of six
def name_them(log_estimates, initial, transition, log_lik, num_particles):
    key = int(abs(float(np.asarray(log_estimates, dtype=float).reshape(-1)[0])) * 1e6)
    return [NAMES[i] for i in list(itertools.permutations(range(3)))[key % 6]]
