import math

import torch
from torch import Tensor

from course_vi.models import LinearGaussianSSM

# %% wrong generations_as_a_batch: by a reading that the statement left open once, the first generation does not count; all generations at once, a step in the batch axis; pairs of old and new state stand in block matrices
def particles_needed(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, error: float,
) -> Tensor:
    A, Q, C, R = (part.detach().double() for part in (transition, transition_cov, emission, emission_cov))
    steps, x = x.shape[-2], x.detach().double()
    with torch.no_grad():
        model = LinearGaussianSSM(A, C, Q, R, initial_loc, initial_cov, steps)
        past, all_of_it = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))

        def excess(loc: Tensor, cov: Tensor, to_loc: Tensor, to_cov: Tensor) -> Tensor:
            """Sum over generations of the mean square of (towards / drawn from), less one."""
            root = torch.linalg.cholesky(cov)
            inner = torch.linalg.solve_triangular(root, torch.linalg.solve_triangular(root, to_cov, upper=False).mT, upper=False)
            narrow, axes = torch.linalg.eigh((inner + inner.mT) / 2)
            off = torch.linalg.solve_triangular(root, (to_loc - loc).unsqueeze(-1), upper=False)
            off = (axes.mT @ off).squeeze(-1)
            return torch.expm1((off.square() / (2 - narrow) - 0.5 * narrow.log() - 0.5 * torch.log1p(1 - narrow)).sum(-1)).sum(-1)

        old, old_cov = past.loc[..., :-1, :], past.covariance[:-1]
        moved, moved_cov = torch.einsum("ij,...j->...i", A, old), A @ old_cov @ A.mT + Q
        start = initial_loc.double().expand(*x.shape[:-2], 1, -1)
        bootstrap = excess(
            torch.cat([start, moved], -2), torch.cat([initial_cov.double().unsqueeze(0), moved_cov]), all_of_it.loc, all_of_it.covariance
        )
        if steps == 1:
            return torch.stack([bootstrap, torch.zeros_like(bootstrap)]) / error**2
        gain = torch.linalg.solve(C @ Q @ C.mT + R, C @ Q).mT
        kept = torch.eye(len(A), dtype=A.dtype) - gain @ C
        own = kept @ Q @ kept.mT + gain @ R @ gain.mT
        turn = kept @ A
        new = torch.einsum("ij,...j->...i", turn, old) + torch.einsum("ij,...j->...i", gain, x[..., 1:, :])
        cross = old_cov @ turn.mT
        drawn = torch.cat([torch.cat([old_cov, cross], -1), torch.cat([cross.mT, turn @ old_cov @ turn.mT + own], -1)], -2)
        S, between = all_of_it.covariance, all_of_it.cross
        wanted = torch.cat([torch.cat([S[:-1], between], -1), torch.cat([between.mT, S[1:]], -1)], -2)
        pairs = torch.cat([all_of_it.loc[..., :-1, :], all_of_it.loc[..., 1:, :]], -1)
        optimal = excess(torch.cat([old, new], -1), drawn, pairs, wanted)
        return torch.stack([bootstrap, optimal]) / error**2

# %% wrong old_state_only: says what a particle of the second filter is worth of the old state alone, whose weight it is, and forgets what the new state is worth later
def particles_needed(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, error: float,
) -> Tensor:
    A, Q = transition, transition_cov
    T = x.shape[-2]
    model = LinearGaussianSSM(A, emission, Q, emission_cov, initial_loc, initial_cov, T).requires_grad_(False)
    f, s = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))

    def mean_square(m: Tensor, P: Tensor, mu: Tensor, S: Tensor) -> Tensor:
        wide, off = 2 * P - S, mu - m
        quad = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
        return torch.expm1(quad + torch.linalg.slogdet(P)[1] - 0.5 * torch.linalg.slogdet(S)[1] - 0.5 * torch.linalg.slogdet(wide)[1])

    first = second = torch.zeros(x.shape[:-2], dtype=x.dtype)
    for t in range(T):
        m, P = (f.loc[..., t - 1, :] @ A.T, A @ f.covariance[t - 1] @ A.T + Q) if t else (initial_loc, initial_cov)
        first = first + mean_square(m, P, s.loc[..., t, :], s.covariance[t])
        if t:
            second = second + mean_square(f.loc[..., t - 1, :], f.covariance[t - 1], s.loc[..., t - 1, :], s.covariance[t - 1])
    return torch.stack([first, second]) / error**2

# %% wrong cross_the_other_way: puts the smoother's cross covariance of old and new state into the wrong corner, which is the same thing for one state
def particles_needed(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, error: float,
) -> Tensor:
    A, Q, C, R = transition, transition_cov, emission, emission_cov
    T = x.shape[-2]
    model = LinearGaussianSSM(A, C, Q, R, initial_loc, initial_cov, T).requires_grad_(False)
    f, s = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    K = torch.linalg.solve(C @ Q @ C.T + R, C @ Q).T
    kept = torch.eye(len(A), dtype=A.dtype) - K @ C
    own, F = kept @ Q @ kept.T + K @ R @ K.T, kept @ A

    def mean_square(m: Tensor, P: Tensor, mu: Tensor, S: Tensor) -> Tensor:
        wide, off = 2 * P - S, mu - m
        quad = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
        return torch.expm1(quad + torch.linalg.slogdet(P)[1] - 0.5 * torch.linalg.slogdet(S)[1] - 0.5 * torch.linalg.slogdet(wide)[1])

    first = second = torch.zeros(x.shape[:-2], dtype=x.dtype)
    for t in range(T):
        m, P = (f.loc[..., t - 1, :] @ A.T, A @ f.covariance[t - 1] @ A.T + Q) if t else (initial_loc, initial_cov)
        first = first + mean_square(m, P, s.loc[..., t, :], s.covariance[t])
        if t:
            old, V, X = f.loc[..., t - 1, :], f.covariance[t - 1], s.cross[t - 1]
            drawn = torch.cat([torch.cat([V, V @ F.T], 1), torch.cat([F @ V, F @ V @ F.T + own], 1)])
            wanted = torch.cat([torch.cat([s.covariance[t - 1], X.T], 1), torch.cat([X, s.covariance[t]], 1)])
            mean = torch.cat([old, old @ F.T + x[..., t, :] @ K.T], -1)
            second = second + mean_square(mean, drawn, s.loc[..., t - 1 : t + 1, :].flatten(-2), wanted)
    return torch.stack([first, second]) / error**2

# %% wrong rounded_up: answers with whole numbers of particles, since there are no others; asked are real numbers
def particles_needed(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, error: float,
) -> Tensor:
    A, Q, C, R = transition, transition_cov, emission, emission_cov
    T = x.shape[-2]
    model = LinearGaussianSSM(A, C, Q, R, initial_loc, initial_cov, T).requires_grad_(False)
    f, s = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    K = torch.linalg.solve(C @ Q @ C.T + R, C @ Q).T
    kept = torch.eye(len(A), dtype=A.dtype) - K @ C
    own, F = kept @ Q @ kept.T + K @ R @ K.T, kept @ A

    def mean_square(m: Tensor, P: Tensor, mu: Tensor, S: Tensor) -> Tensor:
        wide, off = 2 * P - S, mu - m
        quad = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
        return torch.expm1(quad + torch.linalg.slogdet(P)[1] - 0.5 * torch.linalg.slogdet(S)[1] - 0.5 * torch.linalg.slogdet(wide)[1])

    first = second = torch.zeros(x.shape[:-2], dtype=x.dtype)
    for t in range(T):
        m, P = (f.loc[..., t - 1, :] @ A.T, A @ f.covariance[t - 1] @ A.T + Q) if t else (initial_loc, initial_cov)
        first = first + mean_square(m, P, s.loc[..., t, :], s.covariance[t])
        if t:
            old, V, X = f.loc[..., t - 1, :], f.covariance[t - 1], s.cross[t - 1]
            drawn = torch.cat([torch.cat([V, V @ F.T], 1), torch.cat([F @ V, F @ V @ F.T + own], 1)])
            wanted = torch.cat([torch.cat([s.covariance[t - 1], X], 1), torch.cat([X.T, s.covariance[t]], 1)])
            mean = torch.cat([old, old @ F.T + x[..., t, :] @ K.T], -1)
            second = second + mean_square(mean, drawn, s.loc[..., t - 1 : t + 1, :].flatten(-2), wanted)
    return (torch.stack([first, second]) / error**2).ceil()

# %% wrong lognormal: solves log(1 + V / N) = error^2 for N, the variance of a lognormal's logarithm, which is not the leading order
def particles_needed(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, initial_loc: Tensor, initial_cov: Tensor,
    x: Tensor, error: float,
) -> Tensor:
    A, Q, C, R = transition, transition_cov, emission, emission_cov
    T = x.shape[-2]
    model = LinearGaussianSSM(A, C, Q, R, initial_loc, initial_cov, T).requires_grad_(False)
    f, s = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    K = torch.linalg.solve(C @ Q @ C.T + R, C @ Q).T
    kept = torch.eye(len(A), dtype=A.dtype) - K @ C
    own, F = kept @ Q @ kept.T + K @ R @ K.T, kept @ A

    def mean_square(m: Tensor, P: Tensor, mu: Tensor, S: Tensor) -> Tensor:
        wide, off = 2 * P - S, mu - m
        quad = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
        return torch.expm1(quad + torch.linalg.slogdet(P)[1] - 0.5 * torch.linalg.slogdet(S)[1] - 0.5 * torch.linalg.slogdet(wide)[1])

    first = second = torch.zeros(x.shape[:-2], dtype=x.dtype)
    for t in range(T):
        m, P = (f.loc[..., t - 1, :] @ A.T, A @ f.covariance[t - 1] @ A.T + Q) if t else (initial_loc, initial_cov)
        first = first + mean_square(m, P, s.loc[..., t, :], s.covariance[t])
        if t:
            old, V, X = f.loc[..., t - 1, :], f.covariance[t - 1], s.cross[t - 1]
            drawn = torch.cat([torch.cat([V, V @ F.T], 1), torch.cat([F @ V, F @ V @ F.T + own], 1)])
            wanted = torch.cat([torch.cat([s.covariance[t - 1], X], 1), torch.cat([X.T, s.covariance[t]], 1)])
            mean = torch.cat([old, old @ F.T + x[..., t, :] @ K.T], -1)
            second = second + mean_square(mean, drawn, s.loc[..., t - 1 : t + 1, :].flatten(-2), wanted)
    return torch.stack([first, second]) / math.expm1(error**2)
