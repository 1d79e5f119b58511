# %% right gather: All series at once; searchsorted along the last axis.
import math

import torch


def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    count = noise.shape[1]
    log_w = torch.full(noise.shape[1:], -math.log(count), dtype=noise.dtype)
    terms, means = [], []
    for t in range(len(x)):
        if t == 0:
            z = first(noise[0])
        else:
            needed = 1 / log_w.exp().square().sum(0) <= below * count
            edges = log_w.exp().cumsum(0).movedim(0, -1).contiguous()
            index = torch.searchsorted(edges, uniforms[t - 1].movedim(0, -1).contiguous()).clamp(max=count - 1)
            z = torch.where(needed, z.gather(0, index.movedim(-1, 0)), z)
            log_w = torch.where(needed, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t, z, noise[t])
        log_w = log_w + torch.where(x[t].isnan(), 0.0, see(t, z, x[t]))
        terms.append(log_w.logsumexp(0))
        log_w = log_w - terms[-1]
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(terms), torch.stack(means)


# %% right loops: Series by series and particle by particle; weights as plain numbers beside their largest.
import math

import torch


def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    T, N = noise.shape[:2]
    batch = x.shape[1:]
    flat_x, flat_eps = x.reshape(T, -1), noise.reshape(T, N, -1)
    flat_u = uniforms.reshape(max(T - 1, 0), N, flat_x.shape[1])
    terms, means = torch.zeros_like(flat_x), torch.zeros_like(flat_x)
    for b in range(flat_x.shape[1]):
        z, weights = first(flat_eps[0, :, b]), [1 / N] * N
        for t in range(T):
            if t > 0:
                size = 1 / sum(w * w for w in weights)
                if size <= below * N:
                    chosen = []
                    for u in flat_u[t - 1, :, b].tolist():
                        total, j = weights[0], 0
                        while total < u and j < N - 1:
                            j += 1
                            total += weights[j]
                        chosen.append(j)
                    z, weights = z[chosen], [1 / N] * N
                z = move(t, z, flat_eps[t, :, b])
            likes = [0.0] * N if math.isnan(flat_x[t, b]) else see(t, z, flat_x[t, b]).tolist()
            top = max(likes)
            raw = [w * math.exp(like - top) for w, like in zip(weights, likes)]
            total = sum(raw)
            terms[t, b] = top + math.log(total)
            weights = [w / total for w in raw]
            means[t, b] = sum(w * value for w, value in zip(weights, z.tolist()))
    return terms.reshape(T, *batch), means.reshape(T, *batch)


# %% right one_hot: Ancestors by counting edges, moved by a matrix product with zeros and ones.
import math

import torch


def bootstrap_filter(first, move, see, x, noise, uniforms, below):
    T, N = noise.shape[:2]
    z = first(noise[0])
    w = torch.full_like(z, 1 / N)
    out = []
    for t in range(T):
        if t > 0:
            edges = w.cumsum(0)
            number = (uniforms[t - 1].unsqueeze(1) > edges[:-1].unsqueeze(0)).sum(1)                # (N, *B)
            place = torch.arange(N).view(1, N, *[1] * (z.dim() - 1))
            drawn = (number.unsqueeze(1) == place).to(z)
            again = (drawn * z.unsqueeze(0)).sum(1)
            need = (w.square().sum(0) * below * N >= 1).to(z)
            z, w = need * again + (1 - need) * z, need / N + (1 - need) * w
            z = move(t, z, noise[t])
        like = torch.where(x[t].isnan(), torch.zeros(()), see(t, z, x[t]))
        top = like.max(0).values
        w = w * torch.exp(like - top)
        total = w.sum(0)
        w = w / total
        out.append((top + total.log(), (w * z).sum(0)))
    return [torch.stack(part) for part in zip(*out)]


# %% wrong kept, from right gather: Resampled particles keep the weights of their ancestors.
# diagnosis: kept
#-             z = torch.where(needed, z.gather(0, index.movedim(-1, 0)), z)
#-             log_w = torch.where(needed, torch.full_like(log_w, -math.log(count)), log_w)
#+             z = torch.where(needed, z.gather(0, index.movedim(-1, 0)), z)
#+             log_w = torch.where(needed, log_w.gather(0, index.movedim(-1, 0)), log_w)


# %% wrong in_place, from right gather: The particles are resampled and the weights are left as they were.
# diagnosis: kept_in_place
#-             log_w = torch.where(needed, torch.full_like(log_w, -math.log(count)), log_w)


# %% wrong heaviest, from right gather: The heaviest particle takes all places.
# diagnosis: heaviest
#-             index = torch.searchsorted(edges, uniforms[t - 1].movedim(0, -1).contiguous()).clamp(max=count - 1)
#+             index = log_w.argmax(0, keepdim=True).expand_as(log_w).movedim(0, -1)


# %% wrong first_series, from right gather: One set of ancestors for the whole batch.
# diagnosis: first_series
#-             z = torch.where(needed, z.gather(0, index.movedim(-1, 0)), z)
#+             index = index.reshape(-1, count)[0].view(-1, *[1] * (z.dim() - 1)).expand_as(z)
#+             z = torch.where(needed, z.gather(0, index), z)


# %% wrong all_or_none, from right gather: All series are resampled as soon as one of them needs it.
# diagnosis: all_or_none
#-             needed = 1 / log_w.exp().square().sum(0) <= below * count
#+             needed = (1 / log_w.exp().square().sum(0) <= below * count).any()


# %% wrong always, from right gather: The threshold is ignored.
# diagnosis: always
#-             needed = 1 / log_w.exp().square().sum(0) <= below * count
#+             needed = torch.ones(x.shape[1:], dtype=torch.bool)


# %% wrong reset_to_one, from right gather: Log weights of zero after resampling, as if weights need not add up to one.
# diagnosis: reset_to_one
#-             log_w = torch.where(needed, torch.full_like(log_w, -math.log(count)), log_w)
#+             log_w = torch.where(needed, torch.zeros_like(log_w), log_w)


# %% wrong mean_of_logs, from right gather: A mean of log-likelihoods: an ELBO's habit.
# diagnosis: mean_of_logs
#-         log_w = log_w + torch.where(x[t].isnan(), 0.0, see(t, z, x[t]))
#-         terms.append(log_w.logsumexp(0))
#-         log_w = log_w - terms[-1]
#+         gain = torch.where(x[t].isnan(), 0.0, see(t, z, x[t]))
#+         terms.append((log_w.exp() * gain).sum(0))
#+         log_w = (log_w + gain).log_softmax(0)


# %% wrong even_mean, from right gather: The plain mean of the likelihoods, also where the particles still carry weights.
# diagnosis: even_mean
#-         log_w = log_w + torch.where(x[t].isnan(), 0.0, see(t, z, x[t]))
#-         terms.append(log_w.logsumexp(0))
#-         log_w = log_w - terms[-1]
#+         gain = torch.where(x[t].isnan(), 0.0, see(t, z, x[t]))
#+         terms.append(gain.logsumexp(0) - math.log(count))
#+         log_w = (log_w + gain).log_softmax(0)


# %% wrong unweighted, from right gather: The plain mean of the particles for the filtered mean.
# diagnosis: unweighted
#-         means.append((log_w.exp() * z).sum(0))
#+         means.append(z.mean(0))


# %% wrong naive_exp, from right one_hot: Likelihoods as they are: those of x far out are zero to a computer.
# diagnosis: not_finite
#-         top = like.max(0).values
#+         top = torch.zeros_like(like[0])


# %% wrong sorted, from right gather: The uniform numbers are sorted first, as the systematic comb is.
# diagnosis: sorted_uniforms
#-             index = torch.searchsorted(edges, uniforms[t - 1].movedim(0, -1).contiguous()).clamp(max=count - 1)
#+             index = torch.searchsorted(edges, uniforms[t - 1].movedim(0, -1).sort(-1).values.contiguous()).clamp(max=count - 1)


# %% wrong missing_as_zero, from right gather: What was not seen is taken for a zero.
# diagnosis: missing_as_zero
#-         log_w = log_w + torch.where(x[t].isnan(), 0.0, see(t, z, x[t]))
#+         log_w = log_w + see(t, z, x[t].nan_to_num())


# %% wrong gap_from_see, from right one_hot: A gap is looked for in what `see` says, not in the data; a `see` that says a number is believed.
# diagnosis: value or described
#-         like = torch.where(x[t].isnan(), torch.zeros(()), see(t, z, x[t]))
#+         like = torch.nan_to_num(see(t, z, x[t]), nan=0.0, neginf=-torch.inf)


# %% wrong one_maximum, from right one_hot: The largest log-likelihood of the whole batch is subtracted, by a max without an axis: a series far below the others underflows.
# diagnosis: one_for_all
#-         top = like.max(0).values
#+         top = like.max()
