# %% right matrices: The matrices of Gauss and Seidel and of Jacobi, and their eigenvalues.
import numpy as np
import torch


def cavi_rates(precision):
    lower, upper = precision.tril(), precision.triu(1)
    in_turn = torch.linalg.solve_triangular(lower, upper, upper=False)
    at_once = torch.eye(len(precision)).to(precision) - precision / precision.diagonal()[:, None]
    moves = np.linalg.eigvals(at_once.numpy()).real
    return torch.tensor([abs(np.linalg.eigvals(in_turn.numpy())).max(), abs(moves).max(), 2 / (1 - moves.min())])


# %% right rounds: Rounds of updates, run on every unit vector: each column of the matrix is what a round makes of an error.
import numpy as np


def cavi_rates(precision):
    L = np.asarray(precision)
    D = len(L)
    turn, once = [], []
    for axis in range(D):
        start = np.zeros(D)
        start[axis] = 1.0
        m = start.copy()
        for i in range(D):
            m[i] = -sum(L[i, j] * m[j] for j in range(D) if j != i) / L[i, i]
        turn.append(m)
        once.append(np.array([-sum(L[i, j] * start[j] for j in range(D) if j != i) / L[i, i] for i in range(D)]))
    values = np.linalg.eigvals(np.array(once).T).real
    rate = np.abs(np.linalg.eigvals(np.array(turn).T)).max()
    # |1 - rho (1 - value)| < 1 for every eigenvalue
    return [rate, np.abs(values).max(), 2 / (1 - values).max()]


# %% right scaled: On scales where the diagonal is one, which changes no eigenvalue; symmetric, so eigvalsh serves for two of them.
import numpy as np
import torch


def cavi_rates(precision):
    root = precision.diagonal().sqrt()
    R = precision / root / root[:, None]
    values = torch.from_numpy(np.linalg.eigvalsh(R.numpy()))
    rate = abs(np.linalg.eigvals((torch.linalg.inv(R.tril()) @ R.triu(1)).numpy())).max()
    return float(rate), float((1 - values).abs().max()), float(2 / values[-1])


# %% right long_run: The matrix of a round squared forty times, its size put aside: what is left is the growth in the long run.
import numpy as np


def growth(matrix):
    log_size, power = 0.0, 1.0
    for _ in range(40):
        size = np.linalg.norm(matrix)
        if size == 0:
            return 0.0
        log_size += np.log(size) / power
        matrix = matrix / size
        matrix, power = matrix @ matrix, 2 * power
    return np.exp(log_size)


def cavi_rates(precision):
    L = np.array(precision)
    once = np.eye(len(L)) - L / np.diag(L)[:, None]
    turn = np.linalg.inv(np.tril(L)) @ np.triu(L, 1)
    return np.array([growth(turn), growth(once), 2 / growth(np.eye(len(L)) - once)])


# %% wrong no_abs, from right matrices: The largest eigenvalue with its sign.
# diagnosis: sign_ignored
#-     return torch.tensor([abs(np.linalg.eigvals(in_turn.numpy())).max(), abs(moves).max(), 2 / (1 - moves.min())])
#+     return torch.tensor([abs(np.linalg.eigvals(in_turn.numpy())).max(), moves.max(), 2 / (1 - moves.min())])


# %% wrong unit_diagonal, from right matrices: The diagonal is taken for one, as in the lecture.
# diagnosis: diagonal_forgotten
#-     at_once = torch.eye(len(precision)).to(precision) - precision / precision.diagonal()[:, None]
#+     at_once = torch.eye(len(precision)).to(precision) - precision


# %% wrong covariance, from right matrices: The argument is taken for a covariance.
# diagnosis: covariance
#-     lower, upper = precision.tril(), precision.triu(1)
#+     precision = torch.linalg.inv(precision)
#+     lower, upper = precision.tril(), precision.triu(1)


# %% wrong norms, from right rounds: Norms in place of eigenvalues.
# diagnosis: norm
#-     rate = np.abs(np.linalg.eigvals(np.array(turn).T)).max()
#+     rate = np.linalg.norm(np.array(turn).T, 2)


# %% wrong gap, from right scaled: The rate of the gap of the ELBO.
# diagnosis: square
#-     return float(rate), float((1 - values).abs().max()), float(2 / values[-1])
#+     return float(rate) ** 2, float((1 - values).abs().max()) ** 2, float(2 / values[-1])


# %% wrong two_only, from right scaled: r squared and r, with the largest correlation: right for two coordinates.
# diagnosis: largest_correlation
#-     rate = abs(np.linalg.eigvals((torch.linalg.inv(R.tril()) @ R.triu(1)).numpy())).max()
#-     return float(rate), float((1 - values).abs().max()), float(2 / values[-1])
#+     r = float((R - torch.diag(R.diagonal())).abs().max()) if len(R) > 1 else 0.0
#+     return r**2, r, float(2 / values[-1])


# %% wrong square_of_jacobi, from right scaled: In turn is twice as fast as all at once: true of chains, and of two coordinates.
# diagnosis: square_of_the_other
#-     return float(rate), float((1 - values).abs().max()), float(2 / values[-1])
#+     return float((1 - values).abs().max()) ** 2, float((1 - values).abs().max()), float(2 / values[-1])


# %% wrong swapped, from right scaled: All at once comes first.
# diagnosis: order_swapped
#-     return float(rate), float((1 - values).abs().max()), float(2 / values[-1])
#+     return float((1 - values).abs().max()), float(rate), float(2 / values[-1])


# %% wrong half, from right scaled: The step at which the stiffest direction is solved in one go.
# diagnosis: half_lost
#-     return float(rate), float((1 - values).abs().max()), float(2 / values[-1])
#+     return float(rate), float((1 - values).abs().max()), float(1 / values[-1])


# %% wrong fastest, from right scaled: The step that converges fastest.
# diagnosis: best_step
#-     return float(rate), float((1 - values).abs().max()), float(2 / values[-1])
#+     return float(rate), float((1 - values).abs().max()), float(2 / (values[0] + values[-1]))


# %% wrong plain_gradient, from right matrices: The limit of gradient ascent, without the diagonal.
# diagnosis: diagonal_forgotten
#-     return torch.tensor([abs(np.linalg.eigvals(in_turn.numpy())).max(), abs(moves).max(), 2 / (1 - moves.min())])
#+     return torch.tensor([abs(np.linalg.eigvals(in_turn.numpy())).max(), abs(moves).max(), 2 / np.linalg.eigvalsh(precision.numpy()).max()])


# %% wrong at_most_one, from right matrices: A step is never above one, so the limit is cut off there.
# diagnosis: at_most_one
#-     return torch.tensor([abs(np.linalg.eigvals(in_turn.numpy())).max(), abs(moves).max(), 2 / (1 - moves.min())])
#+     return torch.tensor([abs(np.linalg.eigvals(in_turn.numpy())).max(), abs(moves).max(), min(2 / (1 - moves.min()), 1.0)])
