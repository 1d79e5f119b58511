# %% right newton: Logistic regression by Newton's method.
import torch


def features(z):
    rows, columns = torch.triu_indices(z.shape[1], z.shape[1])
    return torch.cat([torch.ones(len(z), 1, dtype=z.dtype), z, z[:, rows] * z[:, columns]], 1)


def total_correlations(joint, product, fresh, covariance):
    exact = 0.5 * (covariance.diagonal().log().sum() - covariance.logdet())
    scale = torch.cat([joint, product]).std(0)
    inside, outside = features(joint / scale), features(product / scale)
    theta = torch.zeros(inside.shape[1], dtype=joint.dtype)
    for _ in range(40):
        a, b = (-inside @ theta).sigmoid(), (outside @ theta).sigmoid()
        slope = -(a @ inside) / len(inside) + (b @ outside) / len(outside)
        bend = (inside.T * (a * (1 - a))) @ inside / len(inside) + (outside.T * (b * (1 - b))) @ outside / len(outside)
        theta = theta - torch.linalg.solve(bend, slope)
    own = (inside @ theta).mean()
    new = (features(fresh / scale) @ theta).mean()
    return exact, own, new


# %% right lbfgs: A symmetric matrix, a vector and a constant, fitted by L-BFGS in units of the scales.
import torch
import torch.nn.functional as F


def total_correlations(joint, product, fresh, covariance):
    scale = covariance.diagonal().sqrt()
    correlation = covariance / scale / scale[:, None]
    exact = -0.5 * torch.linalg.slogdet(correlation)[1]
    dim = joint.shape[1]
    matrix = torch.zeros(dim, dim, dtype=torch.float64, requires_grad=True)
    slope = torch.zeros(dim, dtype=torch.float64, requires_grad=True)
    constant = torch.zeros((), dtype=torch.float64, requires_grad=True)

    def d(z):
        z = z / scale
        return torch.einsum("ni,ij,nj->n", z, matrix, z) + z @ slope + constant

    optimizer = torch.optim.LBFGS([matrix, slope, constant], max_iter=500, tolerance_grad=1e-10, tolerance_change=1e-15, history_size=20, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = 0.5 * F.softplus(-d(joint)).mean() + 0.5 * F.softplus(d(product)).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    with torch.no_grad():
        return exact, d(joint).mean(), d(fresh).mean()


# %% right loops: NumPy and loops over pairs; weighted least squares again and again.
import numpy as np


def total_correlations(joint, product, fresh, covariance):
    joint, product, fresh, covariance = (array.numpy() for array in (joint, product, fresh, covariance))
    dim = joint.shape[1]
    root = np.linalg.cholesky(covariance)
    exact = 0.0
    for i in range(dim):
        exact += 0.5 * np.log(covariance[i, i]) - np.log(root[i, i])
    unit = np.sqrt(np.diagonal(covariance))

    def features(z):
        z = z / unit
        columns = [np.ones(len(z))]
        for i in range(dim):
            columns.append(z[:, i])
            for j in range(i, dim):
                columns.append(z[:, i] * z[:, j])
        return np.stack(columns, 1)

    rows = np.concatenate([features(joint), features(product)])
    label = np.concatenate([np.ones(len(joint)), np.zeros(len(product))])
    weight = np.concatenate([np.ones(len(joint)) / len(joint), np.ones(len(product)) / len(product)])
    theta = np.zeros(rows.shape[1])
    for _ in range(40):
        chance = 1 / (1 + np.exp(-rows @ theta))
        w = weight * chance * (1 - chance)
        aim = rows @ theta + (label - chance) / (chance * (1 - chance))
        root_w = np.sqrt(w)[:, None]
        theta = np.linalg.lstsq(root_w * rows, root_w[:, 0] * aim, rcond=None)[0]
    return [exact, np.mean(features(joint) @ theta), np.mean(features(fresh) @ theta)]


# %% wrong unstandardized, from right newton: The determinant of the covariance alone.
# diagnosis: covariance_for_correlation
#-     exact = 0.5 * (covariance.diagonal().log().sum() - covariance.logdet())
#+     exact = -0.5 * covariance.logdet()


# %% wrong whole, from right lbfgs: The half is lost.
# diagnosis: half_lost
#-     exact = -0.5 * torch.linalg.slogdet(correlation)[1]
#+     exact = -torch.linalg.slogdet(correlation)[1]


# %% wrong pairs, from right lbfgs: The mutual informations of all pairs.
# diagnosis: pairs_alone
#-     exact = -0.5 * torch.linalg.slogdet(correlation)[1]
#+     exact = -0.5 * (1 - correlation.triu(1) ** 2).log().sum()


# %% wrong pooled, from right loops: Every row counts the same.
# diagnosis: each_row_the_same
#-     weight = np.concatenate([np.ones(len(joint)) / len(joint), np.ones(len(product)) / len(product)])
#+     weight = np.ones(len(rows))


# %% wrong crossed_only, from right loops: No squares of single latents.
# diagnosis: squares_missing
#-             for j in range(i, dim):
#+             for j in range(i + 1, dim):


# %% wrong no_line, from right lbfgs: No linear terms.
# diagnosis: linear_missing
#-         return torch.einsum("ni,ij,nj->n", z, matrix, z) + z @ slope + constant
#+         return torch.einsum("ni,ij,nj->n", z, matrix, z) + 0 * z @ slope + constant


# %% wrong no_constant, from right lbfgs: No constant.
# diagnosis: constant_missing
#-         return torch.einsum("ni,ij,nj->n", z, matrix, z) + z @ slope + constant
#+         return torch.einsum("ni,ij,nj->n", z, matrix, z) + z @ slope + 0 * constant


# %% wrong turned, from right loops: The labels are exchanged.
# diagnosis: sign
#-     label = np.concatenate([np.ones(len(joint)), np.zeros(len(product))])
#+     label = np.concatenate([np.zeros(len(joint)), np.ones(len(product))])


# %% wrong over_shuffled, from right newton: The average over shuffled rows.
# diagnosis: shuffled_rows
#-     own = (inside @ theta).mean()
#+     own = (outside @ theta).mean()


# %% wrong chance, from right newton: The probability in place of the log ratio.
# diagnosis: probability
#-     own = (inside @ theta).mean()
#+     own = (inside @ theta).sigmoid().mean()


# %% wrong few_steps, from right newton: Two steps of Newton's method.
# diagnosis: value or described
#-     for _ in range(40):
#+     for _ in range(2):


# %% wrong ridge, from right loops: A penalty on the coefficients, as libraries have by default.
# diagnosis: value or described
#-         theta = np.linalg.lstsq(root_w * rows, root_w[:, 0] * aim, rcond=None)[0]
#+         theta = np.linalg.solve((root_w * rows).T @ (root_w * rows) + 1e-3 * np.eye(len(theta)), (root_w * rows).T @ (root_w[:, 0] * aim))


# %% wrong trained_on_fresh, from right newton: The fresh rows are taken for training rows.
# diagnosis: order_swapped
#-     return exact, own, new
#+     return exact, own, own
