# %% right pseudoinverse: Weighted regressions by the pseudoinverse.
import torch


def ddc_readout(joint, statistics, features, g):
    chance_x, chance_z = joint.sum(1), joint.sum(0)
    means = (joint / chance_x[:, None]) @ statistics
    root = chance_x.sqrt()[:, None]
    code = features @ (torch.linalg.pinv(root * features, rtol=1e-9) @ (root * means))
    inputs = torch.cat([torch.ones_like(g)[:, None], statistics], 1)
    root = chance_z.sqrt()[:, None]
    line = torch.linalg.pinv(root * inputs) @ (root[:, 0] * g)
    return code, line[0] + code @ line[1:]


# %% right pairs: Regression on all pairs (x, z), one row each, in NumPy.
import numpy as np


def ddc_readout(joint, statistics, features, g):
    joint, statistics, features, g = (a.numpy() for a in (joint, statistics, features, g))
    xs, zs = np.indices(joint.shape).reshape(2, -1)
    root = np.sqrt(joint.ravel())[:, None]
    net = np.linalg.lstsq(root * features[xs], root * statistics[zs], rcond=1e-10)[0]
    code = features @ net
    one = np.ones((len(zs), 1))
    line = np.linalg.lstsq(root * np.hstack([statistics[zs], one]), root[:, 0] * g[zs], rcond=1e-10)[0]
    return code, code @ line[:-1] + line[-1]


# %% right covariances: Normal equations, by loops over x and over z; the line from covariances.
import torch


def ddc_readout(joint, statistics, features, g):
    count, width = statistics.shape[1], features.shape[1]
    second = torch.zeros(width, width, dtype=torch.float64)
    cross = torch.zeros(width, count, dtype=torch.float64)
    for x in range(len(joint)):
        second += joint[x].sum() * torch.outer(features[x], features[x])
        for z in range(joint.shape[1]):
            cross += joint[x, z] * torch.outer(features[x], statistics[z])
    code = features @ (torch.linalg.pinv(second, hermitian=True, rtol=1e-12) @ cross)
    chance = joint.sum(0)
    mean_t, mean_g = chance @ statistics, chance @ g
    centred = statistics - mean_t
    covariance = centred.T @ (chance[:, None] * centred)
    slope = torch.linalg.solve(covariance, centred.T @ (chance * (g - mean_g)))
    return [code, mean_g + (code - mean_t) @ slope]


# %% wrong exact_means, from right pseudoinverse: The exact means for the code.
# diagnosis: exact_for_code
#-     code = features @ (torch.linalg.pinv(root * features, rtol=1e-9) @ (root * means))
#+     code = means


# %% wrong even_dreams, from right pseudoinverse: All x alike.
# diagnosis: even_x
#-     code = features @ (torch.linalg.pinv(root * features, rtol=1e-9) @ (root * means))
#+     code = features @ (torch.linalg.pinv(features, rtol=1e-9) @ means)


# %% wrong even_states, from right pseudoinverse: All z alike.
# diagnosis: even_z
#-     line = torch.linalg.pinv(root * inputs) @ (root[:, 0] * g)
#+     line = torch.linalg.pinv(inputs) @ g


# %% wrong through_origin, from right pairs: The line has no constant.
# diagnosis: no_constant
#-     one = np.ones((len(zs), 1))
#+     one = np.zeros((len(zs), 1))


# %% wrong lost_constant, from right pairs: The constant is not read out.
# diagnosis: constant_lost
#-     return code, code @ line[:-1] + line[-1]
#+     return code, code @ line[:-1]


# %% wrong exact_readout, from right pseudoinverse: The exact posterior mean of g.
# diagnosis: exact_for_read
#-     return code, line[0] + code @ line[1:]
#+     return code, joint @ g / chance_x


# %% wrong at_exact_means, from right pseudoinverse: The line, at the exact means.
# diagnosis: exact_code
#-     return code, line[0] + code @ line[1:]
#+     return code, line[0] + means @ line[1:]


# %% wrong g_by_features, from right pairs: g itself is regressed on the features.
# diagnosis: regressed_on_features
#-     return code, code @ line[:-1] + line[-1]
#+     return code, features @ np.linalg.lstsq(root * features[xs], root[:, 0] * g[zs], rcond=1e-10)[0]


# %% wrong weights_squared, from right pairs: Each row is multiplied with its probability, which is then squared.
# diagnosis: dictionary
#-     root = np.sqrt(joint.ravel())[:, None]
#+     root = joint.ravel()[:, None]


# %% wrong inverted, from right covariances: A plain inverse: features that depend on each other break it.
# diagnosis: value
#-     code = features @ (torch.linalg.pinv(second, hermitian=True, rtol=1e-12) @ cross)
#+     code = features @ (torch.linalg.inv(second + 1e-4 * torch.eye(width).double()) @ cross)


# %% wrong constant_feature, from right pairs: The net is given a constant that it does not have.
# diagnosis: described
#-     net = np.linalg.lstsq(root * features[xs], root * statistics[zs], rcond=1e-10)[0]
#+     features = np.hstack([features, np.ones((len(features), 1))])
#+     net = np.linalg.lstsq(root * features[xs], root * statistics[zs], rcond=1e-10)[0]


# %% wrong posterior_line, from right pseudoinverse: The line is fitted over the first datum's posterior.
# diagnosis: value
#-     root = chance_z.sqrt()[:, None]
#+     root = joint[0].sqrt()[:, None]
