import torch
from torch import Tensor


def acceptance(log_joint: Tensor, q: Tensor) -> Tensor:
    """(S, S): the chance that a chain in x accepts i."""
    log_w = log_joint - q.log()
    chance = (log_w[None, :] - log_w[:, None]).clamp(max=0).exp()
    return torch.where(log_w[:, None] == -torch.inf, torch.ones_like(chance), chance)


def single(log_joint: Tensor, q: Tensor) -> Tensor:
    moves = acceptance(log_joint, q) * q
    return moves + (1 - moves.sum(1)).diag()


def shared(log_joint: Tensor, q: Tensor, one_uniform: bool = True) -> Tensor:
    """The kernel of pairs that have one offer."""
    a, size = acceptance(log_joint, q), len(q)
    kernel = torch.zeros(size, size, size, size, dtype=q.dtype)
    for x in range(size):
        for y in range(size):
            for i in range(size):
                both = torch.minimum(a[x, i], a[y, i]) if one_uniform or x == y else a[x, i] * a[y, i]
                kernel[x, y, i, i] += q[i] * both
                kernel[x, y, i, y] += q[i] * (a[x, i] - both)
                kernel[x, y, x, i] += q[i] * (a[y, i] - both)
                kernel[x, y, x, y] += q[i] * (1 - a[x, i] - a[y, i] + both)
    return kernel


def report(log_joint: Tensor, slope: Tensor, q: Tensor, kernel: Tensor, together: bool = False) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    size, P, posterior = len(q), single(log_joint, q), log_joint.softmax(0)
    off = (~torch.eye(size, dtype=torch.bool)).to(q.dtype).reshape(-1)
    apart = kernel.reshape(size**2, size**2) * off[:, None] * off
    differ = (slope[:, None] - slope).reshape(-1)
    solve = torch.eye(size**2, dtype=q.dtype) - apart
    first = torch.linalg.solve(solve, differ)
    second = torch.linalg.solve(solve, differ**2 + 2 * differ * (apart @ first))
    wait = torch.linalg.solve(solve, off)
    if together:
        begin, cross = (q[:, None] * P).T, ((q * slope)[:, None] * P).T
    else:
        begin, cross = (q @ P)[:, None] * q, ((q * slope) @ P)[:, None] * q
    begin, cross = begin.reshape(-1), cross.reshape(-1)
    mean = q @ slope + begin @ first
    spread = q @ slope**2 + 2 * cross @ first + begin @ second - mean**2
    cost = 2 + 1 + begin @ wait
    exact = posterior @ slope
    bias = q @ slope - exact
    variance = q @ slope**2 - (q @ slope) ** 2
    work = spread * cost
    return exact, bias, variance, work, (work - variance) / bias**2

# %% wrong maximal_again: the two chains are moved by the maximal coupling of their rows of the Metropolis chain, which meets as often as it can; the statement's have one offer and one uniform, and meet otherwise
def break_even(log_joint: Tensor, slope: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    P = single(log_joint, q)
    both = torch.minimum(P[:, None], P[None, :])
    left, below = P[:, None] - both, P[None, :] - both
    rest = left.sum(-1)[..., None, None]
    table = left[..., :, None] * below[..., None, :] / torch.where(rest > 1e-15, rest, torch.ones_like(rest))
    return report(log_joint, slope, q, table + both.diag_embed())

# %% wrong one_draw_for_both: the two chains begin in the same draw from q, and the one ahead moves on from there; they begin in two draws, and what the first pair tells is another
def break_even(log_joint: Tensor, slope: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    return report(log_joint, slope, q, shared(log_joint, q), together=True)

# %% wrong a_uniform_each: both chains have one offer, but each decides with a uniform of its own as long as they are apart; the law of each chain is the same, the meetings come later
def break_even(log_joint: Tensor, slope: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    return report(log_joint, slope, q, shared(log_joint, q, one_uniform=False))
