# %% right cases: Four cases, as tables.
import torch


def coupled_step(log_target, proposal, offers, x, y):
    def alpha(at):
        forth, back = proposal[at].log(), proposal[:, at].log()
        ratio = log_target + back - log_target[at] - forth
        return torch.where(proposal[at] > 0, ratio.clamp_max(0).exp(), torch.zeros_like(ratio))

    a = alpha(x).unsqueeze(1)
    b = alpha(y).unsqueeze(0)
    both = torch.minimum(a, b)
    table = offers * both
    table[:, y] += (offers * (a - both)).sum(1)
    table[x, :] += (offers * (b - both)).sum(0)
    table[x, y] += (offers * (1 - a - b + both)).sum()
    return table


# %% right thresholds: For each pair of offers the unit interval is cut at the two thresholds; plain loops.
import math


def coupled_step(log_target, proposal, offers, x, y):
    S = len(log_target)

    def alpha(at, to):
        if proposal[to, at] == 0 or log_target[to] == -math.inf:
            return 0.0
        r = float(log_target[to] - log_target[at]) + math.log(float(proposal[to, at]) / float(proposal[at, to]))
        return math.exp(min(0.0, r))

    table = [[0.0] * S for _ in range(S)]
    for i in range(S):
        for j in range(S):
            chance = float(offers[i, j])
            if chance == 0:
                continue
            cuts = sorted([0.0, alpha(x, i), alpha(y, j), 1.0])
            for low, high in zip(cuts, cuts[1:]):
                u = (low + high) / 2
                table[i if u < alpha(x, i) else x][j if u < alpha(y, j) else y] += chance * (high - low)
    return table


# %% right one_hot: Moves as one-hot matrices, contracted; NumPy.
import numpy as np


def coupled_step(log_target, proposal, offers, x, y):
    t, Q, C = log_target.numpy(), proposal.numpy(), offers.numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = [np.where(Q[s] > 0, t + np.log(Q[:, s]) - t[s] - np.log(Q[s]), -np.inf) for s in (x, y)]
    a, b = (np.exp(np.minimum(r, 0)) for r in ratios)
    S = len(t)
    eye = np.eye(S)
    result = np.zeros((S, S))
    for i in range(S):
        for j in range(S):
            low, high = min(a[i], b[j]), max(a[i], b[j])
            one = np.outer(eye[i], eye[y]) if a[i] > b[j] else np.outer(eye[x], eye[j])
            result += C[i, j] * (low * np.outer(eye[i], eye[j]) + (high - low) * one + (1 - high) * np.outer(eye[x], eye[y]))
    return result


# %% wrong own_uniforms, from right cases: A uniform for each chain.
# diagnosis: two_uniforms
#-     both = torch.minimum(a, b)
#+     both = a * b


# %% wrong symmetric, from right cases: As if the proposal were symmetric.
# diagnosis: no_correction
#-         ratio = log_target + back - log_target[at] - forth
#+         ratio = log_target - log_target[at]


# %% wrong correction_upside_down, from right cases: The proposals the wrong way round.
# diagnosis: correction_inverted
#-         ratio = log_target + back - log_target[at] - forth
#+         ratio = log_target + forth - log_target[at] - back


# %% wrong upside_down, from right cases: The whole ratio inverted.
# diagnosis: ratio_inverted
#-         ratio = log_target + back - log_target[at] - forth
#+         ratio = forth - log_target - back + log_target[at]


# %% wrong barker, from right cases: Barker's acceptance.
# diagnosis: barker
#-         return torch.where(proposal[at] > 0, ratio.clamp_max(0).exp(), torch.zeros_like(ratio))
#+         return torch.where(proposal[at] > 0, ratio.sigmoid(), torch.zeros_like(ratio))


# %% wrong all_or_nothing, from right cases: Both move, or none.
# diagnosis: both_or_none
#-     table[:, y] += (offers * (a - both)).sum(1)
#-     table[x, :] += (offers * (b - both)).sum(0)
#-     table[x, y] += (offers * (1 - a - b + both)).sum()
#+     table[x, y] += (offers * (1 - both)).sum()


# %% wrong only_both, from right cases: What is refused is lost.
# diagnosis: refused_is_lost
#-     table[:, y] += (offers * (a - both)).sum(1)
#-     table[x, :] += (offers * (b - both)).sum(0)
#-     table[x, y] += (offers * (1 - a - b + both)).sum()


# %% wrong always, from right cases: Offers are always taken.
# diagnosis: all_accepted
#-     return table
#+     return offers.clone()


# %% wrong turned, from right cases: The second chain in the rows.
# diagnosis: transposed
#-     return table
#+     return table.T


# %% wrong wrong_home, from right cases: A chain that refuses goes to where the other stands.
# diagnosis: value or described
#-     table[:, y] += (offers * (a - both)).sum(1)
#-     table[x, :] += (offers * (b - both)).sum(0)
#+     table[:, x] += (offers * (a - both)).sum(1)
#+     table[y, :] += (offers * (b - both)).sum(0)


# %% wrong one_threshold, from right cases: The first chain's threshold decides for both, so that they move together or not at all.
# diagnosis: both_or_none or value or described
#-     b = alpha(y).unsqueeze(0)
#+     b = alpha(x).unsqueeze(1).expand_as(offers)


# %% wrong out_of_logs, from right cases: Probabilities in place of logarithms: they overflow and underflow.
# diagnosis: not_finite or value
#-         ratio = log_target + back - log_target[at] - forth
#-         return torch.where(proposal[at] > 0, ratio.clamp_max(0).exp(), torch.zeros_like(ratio))
#+         ratio = log_target.exp() * back.exp() / (log_target.exp()[at] * forth.exp())
#+         return torch.where(proposal[at] > 0, ratio.clamp_max(1), torch.zeros_like(ratio))


# %% wrong softened, from right cases: A tiny number is added before the logarithm, against infinities: a move without a way back is accepted where the target rises by enough.
# diagnosis: no_way_back
#-         forth, back = proposal[at].log(), proposal[:, at].log()
#+         forth, back = (proposal[at] + 1e-300).log(), (proposal[:, at] + 1e-300).log()
