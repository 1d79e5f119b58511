import numpy as np
import torch
from torch import Tensor


def weighted(inputs, outputs, weights):
    root = weights.sqrt().unsqueeze(-1)
    return torch.linalg.pinv(root * inputs) @ (root * outputs)


# %% right gram_schmidt: weighted features made orthonormal one by one, twice over, dropping what depends on the others; regression is then a projection
def ddc_readout(joint: Tensor, statistics: Tensor, features: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    p, T, phi, goal = (np.asarray(part.detach().cpu(), dtype=np.float64) for part in (joint, statistics, features, g))

    def project(inputs, outputs, weights):
        """The fit of outputs, linear in inputs under weights, at the inputs."""
        basis = []
        for column in inputs.T:
            size = np.sqrt(weights @ column**2)
            if size == 0:
                continue
            rest = column / size
            for _ in range(2):
                for unit in basis:
                    rest = rest - (weights * unit) @ rest * unit
            left = np.sqrt(weights @ rest**2)
            if left > 1e-9:
                basis.append(rest / left)
        return sum((np.outer(unit, (weights * unit) @ outputs) for unit in basis), np.zeros((len(inputs), outputs.shape[1])))

    over_x, over_z = p.sum(1), p.sum(0)
    code = project(phi, p @ T / over_x[:, None], over_x)
    root = np.sqrt(over_z)
    line = np.linalg.lstsq(root[:, None] * np.column_stack([T, np.ones(len(T))]), root * goal, rcond=None)[0]
    return torch.as_tensor(code), torch.as_tensor(code @ line[:-1] + line[-1])


# %% wrong states_counted_alike: the line of g on T is fitted with every state counted once, and not as often as it is dreamt; the code is right
def ddc_readout(joint: Tensor, statistics: Tensor, features: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    over_x, over_z = joint.sum(1), joint.sum(0)
    code = features @ weighted(features, joint @ statistics / over_x[:, None], over_x)
    inputs = torch.cat([statistics, torch.ones_like(g)[:, None]], -1)
    line = weighted(inputs, g[:, None], torch.ones_like(over_z))
    return code, torch.cat([code, torch.ones_like(code[:, :1])], -1) @ line[:, 0]


# %% wrong a_little_ridge: adds 1e-4 to the normal equations, as features may depend on each other; the code no longer says what learning to rest would
def ddc_readout(joint: Tensor, statistics: Tensor, features: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    over_x, over_z = joint.sum(1), joint.sum(0)
    gram = features.T @ (over_x[:, None] * features) + 1e-4 * torch.eye(features.shape[1], dtype=features.dtype)
    code = features @ torch.linalg.solve(gram, features.T @ (joint @ statistics))
    inputs = torch.cat([statistics, torch.ones_like(g)[:, None]], -1)
    line = weighted(inputs, g[:, None], over_z)
    return code, torch.cat([code, torch.ones_like(code[:, :1])], -1) @ line[:, 0]


# %% wrong code_with_a_constant: gives the code a constant feature of its own, as any regression has; the same where the given features hold one
def ddc_readout(joint: Tensor, statistics: Tensor, features: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    over_x, over_z = joint.sum(1), joint.sum(0)
    more = torch.cat([features, torch.ones_like(over_x)[:, None]], -1)
    code = more @ weighted(more, joint @ statistics / over_x[:, None], over_x)
    inputs = torch.cat([statistics, torch.ones_like(g)[:, None]], -1)
    line = weighted(inputs, g[:, None], over_z)
    return code, torch.cat([code, torch.ones_like(code[:, :1])], -1) @ line[:, 0]


# %% wrong weighted_twice: multiplies both sides of the regression on x by p(x) and not by its root, so that squares are weighted by p(x) squared
def ddc_readout(joint: Tensor, statistics: Tensor, features: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    over_x, over_z = joint.sum(1), joint.sum(0)
    code = features @ (torch.linalg.pinv(over_x[:, None] * features) @ (joint @ statistics))
    inputs = torch.cat([statistics, torch.ones_like(g)[:, None]], -1)
    line = weighted(inputs, g[:, None], over_z)
    return code, torch.cat([code, torch.ones_like(code[:, :1])], -1) @ line[:, 0]
