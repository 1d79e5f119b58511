import math

import numpy as np
import torch


# %% right broadcast_compare: counts for each uniform the cumulated weights below it; all series at once
def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    steps, count = noise.shape[:2]
    z = first(noise[0])
    log_w = torch.full_like(z, -math.log(count))
    factors, means = [], []
    for t in range(steps):
        if t > 0:
            w = log_w.softmax(0)
            need = 1 / w.square().sum(0) <= below * count * (1 + 1e-12)
            cumulated = w.cumsum(0)
            parents = (cumulated.unsqueeze(1) < (uniforms[t - 1] * cumulated[-1]).unsqueeze(0)).sum(0)
            z = torch.where(need, z.gather(0, parents), z)
            log_w = torch.where(need, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t, z, noise[t])
        log_lik = torch.where(x[t].isnan(), torch.zeros_like(z), see(t, z, x[t]))
        log_w = log_w + log_lik
        factor = log_w.logsumexp(0)
        log_w = log_w - factor
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(factors), torch.stack(means)


# %% right numpy_loops: loops over series and particles in NumPy, weights in linear scale after the maximum is taken out
def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    steps, count = noise.shape[:2]
    batch = noise.shape[2:]
    z = first(noise[0]).reshape(count, -1).numpy().copy()
    rows = z.shape[1]
    weights = np.full((count, rows), 1.0 / count)
    xs = x.reshape(steps, -1).numpy()
    us = uniforms.reshape(steps - 1, count, rows).numpy()
    factors, means = np.zeros((steps, rows)), np.zeros((steps, rows))
    for t in range(steps):
        if t > 0:
            for b in range(rows):
                w = weights[:, b]
                if below >= 1 or 1 / np.sum(w**2) <= below * count:
                    cumulated = np.cumsum(w) / w.sum()
                    cumulated[-1] = 1.0
                    z[:, b] = z[[int(np.argmax(cumulated >= u)) for u in us[t - 1, :, b]], b]
                    weights[:, b] = 1.0 / count
            z = move(t, torch.from_numpy(z).reshape(count, *batch), noise[t]).reshape(count, rows).numpy().copy()
        said = see(t, torch.from_numpy(z).reshape(count, *batch), x[t]).reshape(count, rows).numpy()
        for b in range(rows):
            if not np.isnan(xs[t, b]):
                top = said[:, b][weights[:, b] > 0].max()
                new = np.where(weights[:, b] > 0, weights[:, b] * np.exp(np.minimum(said[:, b] - top, 600.0)), 0.0)
                factors[t, b] = top + np.log(new.sum())
                weights[:, b] = new / new.sum()
            means[t, b] = weights[:, b] @ z[:, b]
    return torch.from_numpy(factors).reshape(steps, *batch), torch.from_numpy(means).reshape(steps, *batch)


# %% right unnormalized: weights never normalized, searchsorted for each series, factors as differences of log sums
def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    # particles last, one row per series; weights are never normalized: a factor is a difference of two logarithms
    steps, count = noise.shape[:2]
    batch = noise.shape[2:]
    z = first(noise[0])
    log_w = torch.zeros_like(z)
    before = torch.full(batch, math.log(count), dtype=z.dtype)
    factors, means = [], []
    for t in range(steps):
        if t:
            rows_w = log_w.reshape(count, -1).T.softmax(-1)
            rows_z = z.reshape(count, -1).T
            rows_u = uniforms[t - 1].reshape(count, -1).T.contiguous()
            new_z, new_w = rows_z.clone(), log_w.reshape(count, -1).T.clone()
            for b in range(len(rows_w)):
                if below == 1 or rows_w[b].square().sum().reciprocal() <= below * count:
                    cumulated = rows_w[b].cumsum(0)
                    new_z[b] = rows_z[b][torch.searchsorted(cumulated, rows_u[b]).clamp_max(count - 1)]
                    new_w[b] = 0.0
            log_w = new_w.T.reshape(count, *batch)
            before = log_w.logsumexp(0)
            z = move(t, new_z.T.reshape(count, *batch), noise[t])
        seen = ~x[t].isnan()
        log_lik = see(t, z, x[t])
        log_w = torch.where(seen, log_w + log_lik, log_w)
        after = log_w.logsumexp(0)
        factors.append(torch.where(seen, after - before, torch.zeros_like(after)))
        means.append((log_w.softmax(0) * z).sum(0))
        before = after
    return torch.stack(factors), torch.stack(means)


# %% wrong one_decision: the batch resamples together as soon as one series needs it; each series is to be judged by itself
def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    steps, count = noise.shape[:2]
    z = first(noise[0])
    log_w = torch.full_like(z, -math.log(count))
    factors, means = [], []
    for t in range(steps):
        if t > 0:
            w = log_w.softmax(0)
            need = 1 / w.square().sum(0) <= below * count * (1 + 1e-12)
            cumulated = w.cumsum(0)
            parents = (cumulated.unsqueeze(1) < (uniforms[t - 1] * cumulated[-1]).unsqueeze(0)).sum(0)
            need = need.any()
            z = torch.where(need, z.gather(0, parents), z)
            log_w = torch.where(need, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t, z, noise[t])
        log_lik = torch.where(x[t].isnan(), torch.zeros_like(z), see(t, z, x[t]))
        log_w = log_w + log_lik
        factor = log_w.logsumexp(0)
        log_w = log_w - factor
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(factors), torch.stack(means)


# %% wrong plain_average: the factor is the plain average of the likelihoods; carried weights are forgotten, which is right only after resampling (below = 1)
def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    steps, count = noise.shape[:2]
    z = first(noise[0])
    log_w = torch.full_like(z, -math.log(count))
    factors, means = [], []
    for t in range(steps):
        if t > 0:
            w = log_w.softmax(0)
            need = 1 / w.square().sum(0) <= below * count * (1 + 1e-12)
            cumulated = w.cumsum(0)
            parents = (cumulated.unsqueeze(1) < (uniforms[t - 1] * cumulated[-1]).unsqueeze(0)).sum(0)
            z = torch.where(need, z.gather(0, parents), z)
            log_w = torch.where(need, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t, z, noise[t])
        log_lik = torch.where(x[t].isnan(), torch.zeros_like(z), see(t, z, x[t]))
        log_w = log_w + log_lik
        factor = log_lik.logsumexp(0) - math.log(count)
        log_w = log_w - log_w.logsumexp(0)
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(factors), torch.stack(means)


# %% wrong weights_not_reset: children of a resampled series keep their parents' places' weights, so weights count twice; right at below = 0
def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    steps, count = noise.shape[:2]
    z = first(noise[0])
    log_w = torch.full_like(z, -math.log(count))
    factors, means = [], []
    for t in range(steps):
        if t > 0:
            w = log_w.softmax(0)
            need = 1 / w.square().sum(0) <= below * count * (1 + 1e-12)
            cumulated = w.cumsum(0)
            parents = (cumulated.unsqueeze(1) < (uniforms[t - 1] * cumulated[-1]).unsqueeze(0)).sum(0)
            z = torch.where(need, z.gather(0, parents), z)
            z = move(t, z, noise[t])
        log_lik = torch.where(x[t].isnan(), torch.zeros_like(z), see(t, z, x[t]))
        log_w = log_w + log_lik
        factor = log_w.logsumexp(0)
        log_w = log_w - factor
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(factors), torch.stack(means)


# %% wrong sorted_uniforms: uniforms are sorted first (as stratified code does): the same law, but particle i no longer descends by ITS uniform number
def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    steps, count = noise.shape[:2]
    z = first(noise[0])
    log_w = torch.full_like(z, -math.log(count))
    factors, means = [], []
    for t in range(steps):
        if t > 0:
            w = log_w.softmax(0)
            need = 1 / w.square().sum(0) <= below * count * (1 + 1e-12)
            cumulated = w.cumsum(0)
            parents = (cumulated.unsqueeze(1) < (uniforms[t - 1].sort(0).values * cumulated[-1]).unsqueeze(0)).sum(0)
            z = torch.where(need, z.gather(0, parents), z)
            log_w = torch.where(need, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t, z, noise[t])
        log_lik = torch.where(x[t].isnan(), torch.zeros_like(z), see(t, z, x[t]))
        log_w = log_w + log_lik
        factor = log_w.logsumexp(0)
        log_w = log_w - factor
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(factors), torch.stack(means)


# %% wrong strictly_below: compares with < and no rounding slack: with equal weights after a gap and below = 1 ('always') nothing is resampled, though 'at most' is said
def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    steps, count = noise.shape[:2]
    z = first(noise[0])
    log_w = torch.full_like(z, -math.log(count))
    factors, means = [], []
    for t in range(steps):
        if t > 0:
            w = log_w.softmax(0)
            need = 1 / w.square().sum(0) < below * count * (1 - 1e-12)
            cumulated = w.cumsum(0)
            parents = (cumulated.unsqueeze(1) < (uniforms[t - 1] * cumulated[-1]).unsqueeze(0)).sum(0)
            z = torch.where(need, z.gather(0, parents), z)
            log_w = torch.where(need, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t, z, noise[t])
        log_lik = torch.where(x[t].isnan(), torch.zeros_like(z), see(t, z, x[t]))
        log_w = log_w + log_lik
        factor = log_w.logsumexp(0)
        log_w = log_w - factor
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(factors), torch.stack(means)


# %% wrong gap_by_whatever_see_says: trusts that see returns NaN for a datum that is not there, and replaces that; a see that returns a number there is counted though it is 'of no use'
def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    steps, count = noise.shape[:2]
    z = first(noise[0])
    log_w = torch.full_like(z, -math.log(count))
    factors, means = [], []
    for t in range(steps):
        if t > 0:
            w = log_w.softmax(0)
            need = 1 / w.square().sum(0) <= below * count * (1 + 1e-12)
            cumulated = w.cumsum(0)
            parents = (cumulated.unsqueeze(1) < (uniforms[t - 1] * cumulated[-1]).unsqueeze(0)).sum(0)
            z = torch.where(need, z.gather(0, parents), z)
            log_w = torch.where(need, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t, z, noise[t])
        log_lik = see(t, z, x[t])
        log_lik = torch.where(log_lik.isnan(), torch.zeros_like(log_lik), log_lik)
        log_w = log_w + log_lik
        factor = log_w.logsumexp(0)
        log_w = log_w - factor
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(factors), torch.stack(means)


# %% wrong gap_equal_weights: at a gap all weights are set equal, 'nothing is known there'; carried weights are to be kept, also for the mean
def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    steps, count = noise.shape[:2]
    z = first(noise[0])
    log_w = torch.full_like(z, -math.log(count))
    factors, means = [], []
    for t in range(steps):
        if t > 0:
            w = log_w.softmax(0)
            need = 1 / w.square().sum(0) <= below * count * (1 + 1e-12)
            cumulated = w.cumsum(0)
            parents = (cumulated.unsqueeze(1) < (uniforms[t - 1] * cumulated[-1]).unsqueeze(0)).sum(0)
            z = torch.where(need, z.gather(0, parents), z)
            log_w = torch.where(need, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t, z, noise[t])
        log_lik = torch.where(x[t].isnan(), torch.zeros_like(z), see(t, z, x[t]))
        log_w = log_w + log_lik
        log_w = torch.where(x[t].isnan(), torch.full_like(log_w, -math.log(count)), log_w)
        factor = log_w.logsumexp(0)
        log_w = log_w - factor
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(factors), torch.stack(means)


# %% wrong gap_not_resampled: no resampling after a gap, as there is no new weight; the statement resamples before EACH move by the effective sample size (below = 1: always)
def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    steps, count = noise.shape[:2]
    z = first(noise[0])
    log_w = torch.full_like(z, -math.log(count))
    factors, means = [], []
    for t in range(steps):
        if t > 0:
            w = log_w.softmax(0)
            need = 1 / w.square().sum(0) <= below * count * (1 + 1e-12)
            need = need & ~x[t - 1].isnan()
            cumulated = w.cumsum(0)
            parents = (cumulated.unsqueeze(1) < (uniforms[t - 1] * cumulated[-1]).unsqueeze(0)).sum(0)
            z = torch.where(need, z.gather(0, parents), z)
            log_w = torch.where(need, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t, z, noise[t])
        log_lik = torch.where(x[t].isnan(), torch.zeros_like(z), see(t, z, x[t]))
        log_w = log_w + log_lik
        factor = log_w.logsumexp(0)
        log_w = log_w - factor
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(factors), torch.stack(means)


# %% wrong linear_weights: exponentiates log-likelihoods without taking the maximum out: log 0 below about -745, which the statement allows
def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    steps, count = noise.shape[:2]
    z = first(noise[0])
    log_w = torch.full_like(z, -math.log(count))
    factors, means = [], []
    for t in range(steps):
        if t > 0:
            w = log_w.softmax(0)
            need = 1 / w.square().sum(0) <= below * count * (1 + 1e-12)
            cumulated = w.cumsum(0)
            parents = (cumulated.unsqueeze(1) < (uniforms[t - 1] * cumulated[-1]).unsqueeze(0)).sum(0)
            z = torch.where(need, z.gather(0, parents), z)
            log_w = torch.where(need, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t, z, noise[t])
        log_lik = torch.where(x[t].isnan(), torch.zeros_like(z), see(t, z, x[t]))
        log_w = log_w + log_lik
        factor = log_w.exp().sum(0).log()
        log_w = log_w - factor
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(factors), torch.stack(means)


# %% wrong perplexity: uses exp(entropy) of the weights as the effective sample size, not 1 / sum of squares; right at below 0 and 1
def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    steps, count = noise.shape[:2]
    z = first(noise[0])
    log_w = torch.full_like(z, -math.log(count))
    factors, means = [], []
    for t in range(steps):
        if t > 0:
            w = log_w.softmax(0)
            need = torch.special.entr(w).sum(0).exp() <= below * count * (1 + 1e-12)
            cumulated = w.cumsum(0)
            parents = (cumulated.unsqueeze(1) < (uniforms[t - 1] * cumulated[-1]).unsqueeze(0)).sum(0)
            z = torch.where(need, z.gather(0, parents), z)
            log_w = torch.where(need, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t, z, noise[t])
        log_lik = torch.where(x[t].isnan(), torch.zeros_like(z), see(t, z, x[t]))
        log_w = log_w + log_lik
        factor = log_w.logsumexp(0)
        log_w = log_w - factor
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(factors), torch.stack(means)


# %% wrong time_from_one: tells move and see a step counted from 1; right for models that do not depend on t
def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    steps, count = noise.shape[:2]
    z = first(noise[0])
    log_w = torch.full_like(z, -math.log(count))
    factors, means = [], []
    for t in range(steps):
        if t > 0:
            w = log_w.softmax(0)
            need = 1 / w.square().sum(0) <= below * count * (1 + 1e-12)
            cumulated = w.cumsum(0)
            parents = (cumulated.unsqueeze(1) < (uniforms[t - 1] * cumulated[-1]).unsqueeze(0)).sum(0)
            z = torch.where(need, z.gather(0, parents), z)
            log_w = torch.where(need, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t + 1, z, noise[t])
        log_lik = torch.where(x[t].isnan(), torch.zeros_like(z), see(t + 1, z, x[t]))
        log_w = log_w + log_lik
        factor = log_w.logsumexp(0)
        log_w = log_w - factor
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(factors), torch.stack(means)
