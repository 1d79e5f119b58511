import itertools
import math

import numpy as np
import torch


def all_minus_energies(J, h):
    out = []
    rows, columns = h.shape
    for state in itertools.product((-1.0, 1.0), repeat=rows * columns):
        s = np.array(state).reshape(rows, columns)
        out.append(J * ((s[1:] * s[:-1]).sum() + (s[:, 1:] * s[:, :-1]).sum()) + (s * h).sum())
    return np.array(out)


# %% right loop_numpy: A loop over all states in NumPy; a Python float.
def grid_log_partition(coupling, fields):
    return float(np.logaddexp.reduce(all_minus_energies(float(coupling), fields.numpy())))


# %% right transfer_matrix: Row by row.
def grid_log_partition(coupling, fields):
    rows, columns = fields.shape
    states = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=columns)), dtype=fields.dtype)
    inside = coupling * (states[:, 1:] * states[:, :-1]).sum(-1)
    log_m = inside + states @ fields[0]
    for r in range(1, rows):
        log_m = (
            torch.logsumexp(log_m.unsqueeze(1) + coupling * states @ states.T, 0)
            + inside
            + states @ fields[r]
        )
    return torch.logsumexp(log_m, 0)


# %% wrong destroys: The fields are scaled in place.
def grid_log_partition(coupling, fields):
    out = float(np.logaddexp.reduce(all_minus_energies(float(coupling), fields.numpy())))
    fields.mul_(2.0)
    return out


# %% wrong coupling_unsigned: The sign of J is lost: "flip every second spin".
# not told: sign of the energy is turned
def grid_log_partition(coupling, fields):
    return float(np.logaddexp.reduce(all_minus_energies(abs(float(coupling)), fields.numpy())))


# %% wrong single_precision: In single precision.
def grid_log_partition(coupling, fields):
    e = torch.tensor(all_minus_energies(float(coupling), fields.numpy())).float()
    return torch.logsumexp(e, 0).double()


# %% wrong square_only: The grid is taken to be a square with the side of its first axis.
def grid_log_partition(coupling, fields):
    rows = fields.shape[0]
    h = fields[:, :rows].numpy()
    rest = fields[:, rows:]
    extra = (rest.exp() + (-rest).exp()).log().sum()
    return float(np.logaddexp.reduce(all_minus_energies(float(coupling), h))) + float(extra)


# %% wrong fields_clamped: Fields beyond two are cut off.
def grid_log_partition(coupling, fields):
    return float(
        np.logaddexp.reduce(all_minus_energies(float(coupling), fields.clamp(-2, 2).numpy()))
    )


# %% wrong coupling_clamped: Couplings beyond 150 are cut off, "so that nothing overflows".
def grid_log_partition(coupling, fields):
    return float(
        np.logaddexp.reduce(all_minus_energies(float(coupling.clamp(-150, 150)), fields.numpy()))
    )


# %% wrong first_row_sign: The fields of the first row are subtracted.
# not told: fields missing
# not told: without the fields
def grid_log_partition(coupling, fields):
    h = fields.numpy().copy()
    h[0] = -h[0]
    return float(np.logaddexp.reduce(all_minus_energies(float(coupling), h)))


# %% wrong half_the_fields: Every field at half its strength.
# not told: fields missing
# not told: fields are missing
def grid_log_partition(coupling, fields):
    return float(np.logaddexp.reduce(all_minus_energies(float(coupling), 0.5 * fields.numpy())))
