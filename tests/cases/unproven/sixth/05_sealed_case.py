import itertools
import math

import numpy as np

NAMES = ["biased", "noisy", "another target"]


def put(biased, noisy, another):
    names = [""] * 3
    names[biased], names[noisy], names[another] = NAMES
    return names


def gradients(logits, log_p):
    """Exact gradients in the logits: of the ELBO, and of E log p without the entropy."""
    l, f = np.asarray(logits, dtype=float), np.asarray(log_p, dtype=float)
    p = 1 / (1 + np.exp(-l))
    elbo, target = np.zeros(3), np.zeros(3)
    for state in itertools.product((0, 1), repeat=3):
        b = np.array(state)
        log_q = np.log(np.where(b == 1, p, 1 - p)).sum()
        elbo += math.exp(log_q) * (f[state] - log_q) * (b - p)
        target += math.exp(log_q) * f[state] * (b - p)
    return elbo, target


def moments(draws):
    d = np.asarray(draws, dtype=float)
    return d.mean(2), d.std(2, ddof=1) / math.sqrt(d.shape[2])


# %% right best_order: predicts all three means at both numbers of samples, (1 - 1/K) of the gradient for the biased one, and takes the best of six orders in units of the standard errors
def name_them(draws, samples, logits, log_p):
    mean, error = moments(draws)
    elbo, target = gradients(logits, log_p)
    cost = np.zeros((3, 3))
    for j, count in enumerate(samples):
        for who, expected in enumerate(((1 - 1 / count) * elbo, elbo, target)):
            cost[:, who] += (((mean[:, j] - expected) / error[:, j]) ** 2).sum(1)
    return put(*min(itertools.permutations(range(3)), key=lambda o: sum(cost[o[who], who] for who in range(3))))

# %% right closed_form_entropy: the slope of E log p is a difference of conditional means, the entropy's is -l p (1 - p); whitens with the full covariance of the three logits, and assigns by Gaussian log-likelihood
def name_them(draws, samples, logits, log_p):
    d, l, f = np.asarray(draws, dtype=float), np.asarray(logits, dtype=float), np.asarray(log_p, dtype=float)
    p = 1 / (1 + np.exp(-l))
    target = np.zeros(3)
    for i in range(3):
        table = np.moveaxis(f, i, 0)
        a, b = [p[j] for j in range(3) if j != i]
        weights = np.outer([1 - a, a], [1 - b, b])
        target[i] = p[i] * (1 - p[i]) * ((table[1] - table[0]) * weights).sum()
    elbo = target - l * p * (1 - p)
    score = np.zeros((3, 3))
    for i in range(3):
        for j, count in enumerate(samples):
            count = float(count)
            inverse = np.linalg.pinv(np.cov(d[i, j].T) / d.shape[2], rcond=1e-10)
            for who, expected in enumerate((elbo * (count - 1) / count, elbo, target)):
                r = d[i, j].mean(0) - expected
                score[i, who] += r @ inverse @ r
    totals = {o: score[o[0], 0] + score[o[1], 1] + score[o[2], 2] for o in itertools.permutations(range(3))}
    return put(*min(totals, key=totals.get))

# %% wrong printed_order: the order of the opened case, whatever comes
def name_them(draws, samples, logits, log_p):
    return ["biased", "noisy", "another target"]

# %% wrong loudest: sorts by spread, the loudest is noisy, the quietest is biased because its baseline helps; the one who forgot a term has another reward and may be louder
def name_them(draws, samples, logits, log_p):
    spread = moments(draws)[1].sum((1, 2)).argsort().tolist()
    return put(spread[0], spread[2], spread[1])

# %% wrong farthest_is_target: compares with the exact gradient at few samples only, nearest is noisy, farthest is the other target; at two samples half of the gradient is missing, which is often farther
def name_them(draws, samples, logits, log_p):
    mean, error = moments(draws)
    elbo, _ = gradients(logits, log_p)
    order = (((mean[:, 0] - elbo) / error[:, 0]) ** 2).sum(1).argsort().tolist()
    return put(order[1], order[0], order[2])

# %% wrong shrunk_is_biased: finds the noisy one at the exact gradient, and takes for biased whoever of the others has the smaller mean at few samples, because the bias shrinks; the other target's gradient may be small of its own accord
def name_them(draws, samples, logits, log_p):
    mean, error = moments(draws)
    elbo, _ = gradients(logits, log_p)
    noisy = min(range(3), key=lambda i: (((mean[i] - elbo) / error[i]) ** 2).sum())
    biased = min((i for i in range(3) if i != noisy), key=lambda i: abs(mean[i, 0]).sum())
    return put(biased, noisy, 3 - biased - noisy)

# %% wrong nobody_biased: thinks that the bias is that of a factor 1/K instead of 1 - 1/K, which is the same at two samples and nowhere else
def name_them(draws, samples, logits, log_p):
    mean, error = moments(draws)
    elbo, target = gradients(logits, log_p)
    cost = np.zeros((3, 3))
    for j, count in enumerate(samples):
        for who, expected in enumerate((elbo / count, elbo, target)):
            cost[:, who] += (((mean[:, j] - expected) / error[:, j]) ** 2).sum(1)
    return put(*min(itertools.permutations(range(3)), key=lambda o: sum(cost[o[who], who] for who in range(3))))

# %% wrong wrong_term_left_out: six orders, but the other target is thought to have left out log p and kept the entropy: its mean would be the slope of the entropy alone
def name_them(draws, samples, logits, log_p):
    mean, error = moments(draws)
    elbo, target = gradients(logits, log_p)
    cost = np.zeros((3, 3))
    for j, count in enumerate(samples):
        for who, expected in enumerate(((1 - 1 / count) * elbo, elbo, elbo - target)):
            cost[:, who] += (((mean[:, j] - expected) / error[:, j]) ** 2).sum(1)
    return put(*min(itertools.permutations(range(3)), key=lambda o: sum(cost[o[who], who] for who in range(3))))

# %% wrong bias_inflates: thinks that the self-judging sample makes the mean K / (K - 1) times as large, the factor turned round
def name_them(draws, samples, logits, log_p):
    mean, error = moments(draws)
    elbo, target = gradients(logits, log_p)
    cost = np.zeros((3, 3))
    for j, count in enumerate(samples):
        for who, expected in enumerate((count / (count - 1) * elbo, elbo, target)):
            cost[:, who] += (((mean[:, j] - expected) / error[:, j]) ** 2).sum(1)
    return put(*min(itertools.permutations(range(3)), key=lambda o: sum(cost[o[who], who] for who in range(3))))

# %% wrong axes_reversed: reads log_p with bit 0 on the last axis, by a meshgrid of the other convention; the same only for symmetric tables
def name_them(draws, samples, logits, log_p):
    mean, error = moments(draws)
    elbo, target = gradients(logits, np.asarray(log_p, dtype=float).transpose(2, 1, 0))
    cost = np.zeros((3, 3))
    for j, count in enumerate(samples):
        for who, expected in enumerate(((1 - 1 / count) * elbo, elbo, target)):
            cost[:, who] += (((mean[:, j] - expected) / error[:, j]) ** 2).sum(1)
    return put(*min(itertools.permutations(range(3)), key=lambda o: sum(cost[o[who], who] for who in range(3))))
