import numpy as np
import torch
from torch import Tensor


# %% right weighted_lstsq: both regressions by NumPy's lstsq, rows times the square roots of p(x) and of p(z)
def ddc_readout(joint, statistics, features, g):
    p, t, phi, g = (np.asarray(a.detach()) for a in (joint, statistics, features, g))
    px, pz = p.sum(1), p.sum(0)
    root = np.sqrt(px)[:, None]
    code = phi @ np.linalg.lstsq(root * phi, root * (p @ t / px[:, None]), rcond=None)[0]
    line = np.concatenate([t, np.ones((len(t), 1))], 1)
    root = np.sqrt(pz)
    a = np.linalg.lstsq(root[:, None] * line, root * g, rcond=None)[0]
    return code, code @ a[:-1] + a[-1]

# %% right projection: code as an orthogonal projection by an SVD in the metric of p(x); readout by centred covariances
def ddc_readout(joint, statistics, features, g):
    px, pz = joint.sum(1), joint.sum(0)
    root = px.sqrt().unsqueeze(1)
    u, s, _ = torch.linalg.svd(root * features / features.square().mean(0).sqrt().clamp(min=1e-300), full_matrices=False)
    u = u[:, s > 1e-10 * s[0]]
    code = u @ (u.T @ (joint @ statistics / root)) / root
    mean, mean_g = pz @ statistics, pz @ g
    centred = statistics - mean
    a = torch.linalg.solve(centred.T @ (pz[:, None] * centred), centred.T @ (pz * (g - mean_g)))
    return code, mean_g + (code - mean) @ a

# %% right gram_schmidt: loops; each feature less what those before it say, dropped if nothing is left; the line over z by the same loop with the constant first
def ddc_readout(joint, statistics, features, g):
    def basis(columns, weight):
        kept = []
        for column in columns:
            size = (weight @ column**2).sqrt()
            for _ in range(2):
                for b in kept:
                    column = column - (weight @ (b * column)) * b
            left = (weight @ column**2).sqrt()
            if left > 1e-9 * size:
                kept.append(column / left)
        return kept

    px, pz = joint.sum(1), joint.sum(0)
    code = sum(torch.outer(b, b @ joint @ statistics) for b in basis(list(features.T), px))
    if isinstance(code, int):
        code = torch.zeros(len(px), statistics.shape[1], dtype=torch.float64)
    fitted = sum(b * (pz @ (b * g)) for b in basis([torch.ones_like(pz)] + list(statistics.T), pz))
    line = torch.cat([torch.ones(len(pz), 1).double(), statistics], 1)
    a = torch.linalg.lstsq(line, fitted.unsqueeze(1)).solution[:, 0]
    return code, a[0] + code @ a[1:]

# %% wrong own_constant: a constant is added to the features, too; right where they have one
def ddc_readout(joint, statistics, features, g):
    px, pz = joint.sum(1), joint.sum(0)
    features = torch.cat([features, torch.ones(len(px), 1).double()], 1)
    root = px.sqrt().unsqueeze(1)
    code = features @ (torch.linalg.pinv(root * features) @ (root * (joint @ statistics / px.unsqueeze(1))))
    line = torch.cat([statistics, torch.ones(len(g), 1).double()], 1)
    a = torch.linalg.pinv(pz.sqrt().unsqueeze(1) * line) @ (pz.sqrt() * g)
    return code, code @ a[:-1] + a[-1]

# %% wrong all_x_alike: the posterior means are regressed on the features with every x counting the same; right for rich features or an even p(x)
def ddc_readout(joint, statistics, features, g):
    px, pz = joint.sum(1), joint.sum(0)
    code = features @ (torch.linalg.pinv(features) @ (joint @ statistics / px.unsqueeze(1)))
    line = torch.cat([statistics, torch.ones(len(g), 1).double()], 1)
    a = torch.linalg.pinv(pz.sqrt().unsqueeze(1) * line) @ (pz.sqrt() * g)
    return code, code @ a[:-1] + a[-1]

# %% wrong weighted_once: rows of the features are weighted with p(x), not with its root, and so are the targets: x counts by its square
def ddc_readout(joint, statistics, features, g):
    px, pz = joint.sum(1, keepdim=True), joint.sum(0).unsqueeze(1)
    code = features @ (torch.linalg.pinv(px * features) @ (joint @ statistics))
    line = torch.cat([statistics, torch.ones(len(g), 1).double()], 1)
    a = torch.linalg.pinv(pz.sqrt() * line) @ (pz[:, 0].sqrt() * g)
    return code, code @ a[:-1] + a[-1]

# %% wrong ridge: the normal equations with 1e-4 on the diagonal, against dependent features; felt in small features
def ddc_readout(joint, statistics, features, g):
    px, pz = joint.sum(1), joint.sum(0)
    eye = torch.eye(features.shape[1]).double()
    code = features @ torch.linalg.solve(features.T @ (px[:, None] * features) + 1e-4 * eye, features.T @ joint @ statistics)
    line = torch.cat([statistics, torch.ones(len(g), 1).double()], 1)
    a = torch.linalg.pinv(pz.sqrt().unsqueeze(1) * line) @ (pz.sqrt() * g)
    return code, code @ a[:-1] + a[-1]

# %% wrong cholesky: the normal equations by Cholesky, with an error or noise where features depend on each other
def ddc_readout(joint, statistics, features, g):
    px, pz = joint.sum(1), joint.sum(0)
    factor = torch.linalg.cholesky(features.T @ (px[:, None] * features))
    code = features @ torch.cholesky_solve(features.T @ joint @ statistics, factor)
    line = torch.cat([statistics, torch.ones(len(g), 1).double()], 1)
    a = torch.linalg.solve(line.T @ (pz[:, None] * line), line.T @ (pz * g))
    return code, code @ a[:-1] + a[-1]

# %% wrong plain_solve: the normal equations solved as they stand: right by luck of rounding where features depend, an error where two are the same or one is zero
def ddc_readout(joint, statistics, features, g):
    px, pz = joint.sum(1), joint.sum(0)
    code = features @ torch.linalg.solve(features.T @ (px[:, None] * features), features.T @ joint @ statistics)
    line = torch.cat([statistics, torch.ones(len(g), 1).double()], 1)
    a = torch.linalg.solve(line.T @ (pz[:, None] * line), line.T @ (pz * g))
    return code, code @ a[:-1] + a[-1]

# %% wrong full_rank_lstsq: the least squares of LAPACK's gels, which takes the features for independent: nonsense where they are not
def ddc_readout(joint, statistics, features, g):
    px, pz = joint.sum(1), joint.sum(0)
    root = px.sqrt().unsqueeze(1)
    code = features @ torch.linalg.lstsq(root * features, joint @ statistics / root, driver="gels").solution
    line = torch.cat([statistics, torch.ones(len(g), 1).double()], 1)
    a = torch.linalg.solve(line.T @ (pz[:, None] * line), line.T @ (pz * g))
    return code, code @ a[:-1] + a[-1]

# %% wrong read_at_the_truth: the line is read out at the exact posterior means of T, not at what the code says; right for rich features
def ddc_readout(joint, statistics, features, g):
    px, pz = joint.sum(1), joint.sum(0)
    root = px.sqrt().unsqueeze(1)
    exact = joint @ statistics / px.unsqueeze(1)
    code = features @ (torch.linalg.pinv(root * features) @ (root * exact))
    line = torch.cat([statistics, torch.ones(len(g), 1).double()], 1)
    a = torch.linalg.pinv(pz.sqrt().unsqueeze(1) * line) @ (pz.sqrt() * g)
    return code, exact @ a[:-1] + a[-1]

# %% wrong regressed_on_codes: g of dreams is regressed on the code of the dreamt x and a constant, which fits the readout to the code's faults
def ddc_readout(joint, statistics, features, g):
    px = joint.sum(1)
    root = px.sqrt().unsqueeze(1)
    code = features @ (torch.linalg.pinv(root * features) @ (root * (joint @ statistics / px.unsqueeze(1))))
    line = torch.cat([code, torch.ones(len(px), 1).double()], 1)
    return code, line @ (torch.linalg.pinv(root * line) @ (root[:, 0] * (joint @ g / px)))

# %% wrong even_z: the line is fitted over z with every state counting the same; right where g is linear in the statistics
def ddc_readout(joint, statistics, features, g):
    px = joint.sum(1)
    root = px.sqrt().unsqueeze(1)
    code = features @ (torch.linalg.pinv(root * features) @ (root * (joint @ statistics / px.unsqueeze(1))))
    line = torch.cat([statistics, torch.ones(len(g), 1).double()], 1)
    a = torch.linalg.pinv(line) @ g
    return code, code @ a[:-1] + a[-1]

# %% wrong line_by_x: the line is fitted anew for each x, over the posterior of z: with states enough it says E[g | x] moved by the code's error
def ddc_readout(joint, statistics, features, g):
    px = joint.sum(1)
    root = px.sqrt().unsqueeze(1)
    code = features @ (torch.linalg.pinv(root * features) @ (root * (joint @ statistics / px.unsqueeze(1))))
    line = torch.cat([statistics, torch.ones(len(g), 1).double()], 1)
    read = []
    for n in range(len(px)):
        pz = (joint[n] / px[n]).sqrt()
        a = torch.linalg.pinv(pz.unsqueeze(1) * line) @ (pz * g)
        read.append(code[n] @ a[:-1] + a[-1])
    return code, torch.stack(read)

# %% wrong plain_centres: no constant in the readout, but g and T are centred at their plain averages over states, not at their means over p(z); right where p(z) is even
def ddc_readout(joint, statistics, features, g):
    px, pz = joint.sum(1), joint.sum(0)
    root = px.sqrt().unsqueeze(1)
    code = features @ (torch.linalg.pinv(root * features) @ (root * (joint @ statistics / px.unsqueeze(1))))
    centre, middle = statistics.mean(0), g.mean()
    a = torch.linalg.pinv(pz.sqrt().unsqueeze(1) * (statistics - centre)) @ (pz.sqrt() * (g - middle))
    return code, middle + (code - centre) @ a

# %% wrong centred_on_code: g's mean plus the slopes times the code less the code's own mean over dreams, not that of T; right where the features hold a constant
def ddc_readout(joint, statistics, features, g):
    px, pz = joint.sum(1), joint.sum(0)
    root = px.sqrt().unsqueeze(1)
    code = features @ (torch.linalg.pinv(root * features) @ (root * (joint @ statistics / px.unsqueeze(1))))
    mean, mean_g = pz @ statistics, pz @ g
    centred = statistics - mean
    a = torch.linalg.solve(centred.T @ (pz[:, None] * centred), centred.T @ (pz * (g - mean_g)))
    return code, mean_g + (code - px @ code) @ a

# %% wrong descent_not_to_rest: the code learned by 5,000 steps of gradient descent from zero, not to rest where features are nearly alike or small
def ddc_readout(joint, statistics, features, g):
    px, pz = joint.sum(1), joint.sum(0)
    gram, cross = features.T @ (px[:, None] * features), features.T @ joint @ statistics
    rate = 1 / torch.linalg.matrix_norm(gram, 2)
    r = torch.zeros_like(cross)
    for _ in range(5000):
        r = r + rate * (cross - gram @ r)
    code = features @ r
    line = torch.cat([statistics, torch.ones(len(g), 1).double()], 1)
    a = torch.linalg.pinv(pz.sqrt().unsqueeze(1) * line) @ (pz.sqrt() * g)
    return code, code @ a[:-1] + a[-1]

# %% wrong squeezed: right numbers, but the code's axis of statistics is squeezed away when there is only one
def ddc_readout(joint, statistics, features, g):
    px, pz = joint.sum(1), joint.sum(0)
    root = px.sqrt().unsqueeze(1)
    code = features @ (torch.linalg.pinv(root * features) @ (root * (joint @ statistics / px.unsqueeze(1))))
    line = torch.cat([statistics, torch.ones(len(g), 1).double()], 1)
    a = torch.linalg.pinv(pz.sqrt().unsqueeze(1) * line) @ (pz.sqrt() * g)
    return code.squeeze(), (code @ a[:-1] + a[-1]).squeeze()
