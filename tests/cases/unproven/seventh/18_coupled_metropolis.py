import math

import numpy as np
import torch


def log_ratio(log_target, proposal, x):
    """log of min(1, Hastings's ratio) of each offer at x; minus infinity where there is no way back, or nothing offered."""
    there, back = proposal[x], proposal[:, x]
    possible = (there > 0) & (back > 0)
    one = torch.ones_like(there)
    value = log_target - log_target[x] + torch.where(possible, back, one).log() - torch.where(possible, there, one).log()
    return torch.where(possible, value, torch.full_like(value, -math.inf)).clamp(max=0.0)


def put_together(offers, a, b, x, y, both):
    """The table: both accept, only the first, only the second, none."""
    table = offers * both
    table[:, y] = table[:, y] + (offers * (a[:, None] - both)).sum(1)
    table[x, :] = table[x, :] + (offers * (b[None, :] - both)).sum(0)
    table[x, y] = table[x, y] + (offers * (1 - a[:, None] - b[None, :] + both)).sum()
    return table


# %% right four_cases: torch, the four cases as whole tables; both accept with the smaller of the two chances
def coupled_step(log_target, proposal, offers, x, y):
    a, b = log_ratio(log_target, proposal, x).exp(), log_ratio(log_target, proposal, y).exp()
    least = torch.minimum(a[:, None], b[None, :])
    table = offers * least
    table[:, y] += (offers * (a[:, None] - least)).sum(1)
    table[x, :] += (offers * (b[None, :] - least)).sum(0)
    table[x, y] += (offers * (1 - torch.maximum(a[:, None], b[None, :]))).sum()
    return table


# %% right pieces_of_the_uniform: plain loops and floats; [0, 1) is cut at both acceptance probabilities, and on each piece both chains are followed
def coupled_step(log_target, proposal, offers, x, y):
    target, moves, joint = log_target.tolist(), proposal.tolist(), offers.tolist()
    S = len(target)

    def accept(here, there):
        if here == there:
            return 1.0
        if moves[here][there] == 0 or moves[there][here] == 0 or target[there] == -math.inf:
            return 0.0
        log = target[there] - target[here] + math.log(moves[there][here]) - math.log(moves[here][there])
        return 1.0 if log >= 0 else math.exp(log)

    table = [[0.0] * S for _ in range(S)]
    for i in range(S):
        for j in range(S):
            if joint[i][j] == 0:
                continue
            a, b = accept(x, i), accept(y, j)
            cuts = sorted({0.0, a, b, 1.0})
            for low, high in zip(cuts, cuts[1:]):
                table[i if a >= high else x][j if b >= high else y] += joint[i][j] * (high - low)
    return np.array(table)


# %% right scatter_numpy: NumPy; all S * S offers are listed, and four masses of each are added at four places of the table
def coupled_step(log_target, proposal, offers, x, y):
    lt, Q, J = (np.asarray(part, dtype=float) for part in (log_target, proposal, offers))
    S = len(lt)
    with np.errstate(all="ignore"):
        logs = np.log(Q.T) - np.log(Q) + lt[None, :] - lt[[[x], [y]], None].reshape(2, 1, 1)
    a, b = (np.exp(np.minimum(0, np.where((Q[s] > 0) & (Q[:, s] > 0), logs[n, s], -np.inf))) for n, s in enumerate((x, y)))
    i, j = (part.ravel() for part in np.indices((S, S)))
    A, B, mass = a[i], b[j], J.ravel()
    table = np.zeros((S, S))
    np.add.at(table, (i, j), mass * np.minimum(A, B))
    np.add.at(table, (i, np.full_like(i, y)), mass * np.maximum(A - B, 0))
    np.add.at(table, (np.full_like(i, x), j), mass * np.maximum(B - A, 0))
    np.add.at(table, (np.full_like(i, x), np.full_like(i, y)), mass * (1 - np.maximum(A, B)))
    return table


# %% wrong independent_uniforms: both accept with the product of their chances, as if each chain had a uniform of its own
def coupled_step(log_target, proposal, offers, x, y):
    a, b = log_ratio(log_target, proposal, x).exp(), log_ratio(log_target, proposal, y).exp()
    return put_together(offers, a, b, x, y, a[:, None] * b[None, :])


# %% wrong one_minus_u: the second chain compares 1 - u, so both accept with max(0, a + b - 1); the uniform is one, but not compared by both
def coupled_step(log_target, proposal, offers, x, y):
    a, b = log_ratio(log_target, proposal, x).exp(), log_ratio(log_target, proposal, y).exp()
    return put_together(offers, a, b, x, y, (a[:, None] + b[None, :] - 1).clamp(min=0))


# %% wrong no_hastings: the ratio of targets alone; right for symmetric proposals only
def coupled_step(log_target, proposal, offers, x, y):
    a, b = (log_target - log_target[x]).clamp(max=0).exp(), (log_target - log_target[y]).clamp(max=0).exp()
    return put_together(offers, a, b, x, y, torch.minimum(a[:, None], b[None, :]))


# %% wrong missing_way_is_symmetric: where one of the two directions has no chance I leave the proposals out of the ratio, to avoid infinity; a move without a way back is then accepted
def coupled_step(log_target, proposal, offers, x, y):
    def accept(s):
        there, back = proposal[s], proposal[:, s]
        usable = (there > 0) & (back > 0)
        factor = torch.where(usable, back / there.clamp(min=1e-300), torch.ones_like(there))
        return (log_target - log_target[s] + factor.log()).clamp(max=0).exp()

    a, b = accept(x), accept(y)
    return put_together(offers, a, b, x, y, torch.minimum(a[:, None], b[None, :]))


# %% wrong epsilon_in_the_log: log(proposal + 1e-12), so that nothing is infinite; a move without a way back is then accepted if the target gains some thirty nats by it
def coupled_step(log_target, proposal, offers, x, y):
    a, b = ((log_target - log_target[s] + (proposal[:, s] + 1e-12).log() - (proposal[s] + 1e-12).log()).clamp(max=0).exp()
            for s in (x, y))
    return put_together(offers, a, b, x, y, torch.minimum(a[:, None], b[None, :]))


# %% wrong same_state_same_offer: two chains in one state have met, so they get one offer and stay together; but `offers` need not be diagonal there
def coupled_step(log_target, proposal, offers, x, y):
    a, b = log_ratio(log_target, proposal, x).exp(), log_ratio(log_target, proposal, y).exp()
    if x == y:
        law = proposal[x] * a
        law[x] = law[x] + 1 - law.sum()
        return torch.diag(law)
    return put_together(offers, a, b, x, y, torch.minimum(a[:, None], b[None, :]))


# %% wrong same_offer_same_fate: where both have one offer they accept it together or not at all, with the smaller chance; but between the two chances only one accepts
def coupled_step(log_target, proposal, offers, x, y):
    a, b = log_ratio(log_target, proposal, x).exp(), log_ratio(log_target, proposal, y).exp()
    S = len(a)
    A, B = a[:, None].expand(S, S).clone(), b[None, :].expand(S, S).clone()
    both = torch.minimum(A, B)
    k = torch.arange(S)
    A[k, k], B[k, k] = both[k, k], both[k, k]
    table = offers * both
    table[:, y] += (offers * (A - both)).sum(1)
    table[x, :] += (offers * (B - both)).sum(0)
    table[x, y] += (offers * (1 - torch.maximum(A, B))).sum()
    return table


# %% wrong plain_probabilities: the target is normalized first and ratios are taken of probabilities; where both underflow (log targets thousands below the greatest) 0 / 0 is read as a refusal
def coupled_step(log_target, proposal, offers, x, y):
    target = (log_target - log_target.max()).exp()
    a, b = ((target * proposal[:, s] / (target[s] * proposal[s])).nan_to_num(nan=0.0, posinf=1.0).clamp(max=1.0) for s in (x, y))
    return put_together(offers, a, b, x, y, torch.minimum(a[:, None], b[None, :]))


# %% wrong offers_made_anew: both offers are taken as independent draws from rows x and y; right only where `offers` is their outer product
def coupled_step(log_target, proposal, offers, x, y):
    a, b = log_ratio(log_target, proposal, x).exp(), log_ratio(log_target, proposal, y).exp()
    return put_together(torch.outer(proposal[x], proposal[y]), a, b, x, y, torch.minimum(a[:, None], b[None, :]))


# %% wrong way_there_from_x_for_both: the second chain's ratio has row x below instead of row y; right where every row of the proposals is the same
def coupled_step(log_target, proposal, offers, x, y):
    a = log_ratio(log_target, proposal, x).exp()
    there, back = proposal[x], proposal[:, y]
    possible = (there > 0) & (back > 0)
    value = log_target - log_target[y] + torch.where(possible, back / there.clamp(min=1e-300), torch.ones_like(there)).log()
    b = torch.where(possible, value, torch.full_like(value, -math.inf)).clamp(max=0).exp()
    return put_together(offers, a, b, x, y, torch.minimum(a[:, None], b[None, :]))


# %% wrong floor_of_the_log_ratio: log ratios are clamped at -15 for stability; offers that should hardly ever, or never, be accepted are accepted with 3e-7
def coupled_step(log_target, proposal, offers, x, y):
    a, b = log_ratio(log_target, proposal, x).clamp(min=-15).exp(), log_ratio(log_target, proposal, y).clamp(min=-15).exp()
    return put_together(offers, a, b, x, y, torch.minimum(a[:, None], b[None, :]))


# %% wrong barker: accepts with r / (1 + r), which keeps the target too; but it is Barker's rule, not Metropolis and Hastings's
def coupled_step(log_target, proposal, offers, x, y):
    def accept(s):
        there, back = proposal[s], proposal[:, s]
        possible = (there > 0) & (back > 0)
        value = log_target - log_target[s] + torch.where(possible, back / there.clamp(min=1e-300), torch.ones_like(there)).log()
        return torch.where(possible, value, torch.full_like(value, -math.inf)).sigmoid()

    a, b = accept(x), accept(y)
    return put_together(offers, a, b, x, y, torch.minimum(a[:, None], b[None, :]))


# %% wrong refused_goes_to_the_offer_of_the_other: when only one accepts I count the pair as met at its new place, since "they move together"; the one that refuses must stay
def coupled_step(log_target, proposal, offers, x, y):
    a, b = log_ratio(log_target, proposal, x).exp(), log_ratio(log_target, proposal, y).exp()
    least, most = torch.minimum(a[:, None], b[None, :]), torch.maximum(a[:, None], b[None, :])
    same = torch.eye(len(a), dtype=offers.dtype) * offers
    table = put_together(offers - same, a, b, x, y, least)
    table = table + same * most
    table[x, y] += (same * (1 - most)).sum()
    return table


# %% wrong minus_infinity_as_a_number: minus infinity is replaced by -1e3 before anything is computed; "log targets may be thousands", and beside -2000 a forbidden state becomes the best of all
def coupled_step(log_target, proposal, offers, x, y):
    log_target = log_target.clamp(min=-1e3)
    a, b = log_ratio(log_target, proposal, x).exp(), log_ratio(log_target, proposal, y).exp()
    return put_together(offers, a, b, x, y, torch.minimum(a[:, None], b[None, :]))


# %% wrong scales_the_table_it_was_given: writes the products into `offers` itself; the numbers are right, the argument is not left as it was
def coupled_step(log_target, proposal, offers, x, y):
    a, b = log_ratio(log_target, proposal, x).exp(), log_ratio(log_target, proposal, y).exp()
    least = torch.minimum(a[:, None], b[None, :])
    first, second = (offers * (a[:, None] - least)).sum(1), (offers * (b[None, :] - least)).sum(0)
    none = (offers * (1 - torch.maximum(a[:, None], b[None, :]))).sum()
    offers *= least
    offers[:, y] += first
    offers[x, :] += second
    offers[x, y] += none
    return offers
