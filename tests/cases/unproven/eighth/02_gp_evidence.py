import torch
from torch import Tensor

# %% right complex_step: NumPy with a complex step of 1e-20 in each logarithm; the slopes are imaginary parts, exact to rounding
def gp_evidence(u: Tensor, y: Tensor, log_lengthscale: float, log_scale: float, log_noise: float) -> tuple[Tensor, Tensor]:
    import numpy as np

    places, heights = u.detach().cpu().double().numpy(), y.detach().cpu().double().numpy()
    square = np.subtract.outer(places, places) ** 2
    logs = np.array([log_lengthscale, log_scale, log_noise], dtype=complex)

    def parts_at(logs):
        A = np.exp(2 * logs[1] - square / 2 * np.exp(-2 * logs[0])) + np.exp(2 * logs[2]) * np.eye(len(places))
        sign, size = np.linalg.slogdet(A)
        return np.array([-0.5 * heights @ np.linalg.solve(A, heights), -0.5 * (size + 1j * np.angle(sign))])

    h = 1e-20
    gradient = np.stack([parts_at(logs + 1j * h * row).imag / h for row in np.eye(3)], axis=1)
    return torch.as_tensor(parts_at(logs).real.copy()).to(u), torch.as_tensor(gradient).to(u)

# %% wrong forward_difference: slopes by a one-sided difference with a step of 1e-4 in each logarithm; good to four digits, and six are looked at
def gp_evidence(u: Tensor, y: Tensor, log_lengthscale: float, log_scale: float, log_noise: float) -> tuple[Tensor, Tensor]:
    square = (u.unsqueeze(0) - u.unsqueeze(1)).square()
    eye = torch.eye(len(u), dtype=u.dtype, device=u.device)

    def parts_at(logs):
        a, b, c = logs
        A = (2 * b).exp() * (-square / (2 * (2 * a).exp())).exp() + (2 * c).exp() * eye
        L = torch.linalg.cholesky(A)
        white = torch.linalg.solve_triangular(L, y.unsqueeze(-1), upper=False)
        return torch.stack((-0.5 * white.square().sum(), -L.diagonal().log().sum()))

    logs = torch.tensor([log_lengthscale, log_scale, log_noise], dtype=u.dtype, device=u.device)
    parts, step = parts_at(logs), 1e-4
    columns = [(parts_at(logs + step * torch.eye(3, dtype=u.dtype, device=u.device)[i]) - parts) / step for i in range(3)]
    return parts, torch.stack(columns, -1)

# %% wrong sorted_inputs: sorts the inputs, for a banded-looking matrix, and leaves y in the order in which it came; right for the printed points, which are in order
def gp_evidence(u: Tensor, y: Tensor, log_lengthscale: float, log_scale: float, log_noise: float) -> tuple[Tensor, Tensor]:
    u = u.sort().values
    square = (u.unsqueeze(0) - u.unsqueeze(1)).square()
    logs = torch.tensor([log_lengthscale, log_scale, log_noise], dtype=u.dtype, device=u.device, requires_grad=True)
    with torch.enable_grad():
        A = torch.exp(2 * logs[1] - square / 2 * torch.exp(-2 * logs[0])) + torch.exp(2 * logs[2]) * torch.eye(len(u), dtype=u.dtype, device=u.device)
        fit = -0.5 * y @ torch.linalg.solve(A, y)
        complexity = -0.5 * torch.logdet(A)
        gradient = torch.stack([torch.autograd.grad(part, logs, retain_graph=True)[0] for part in (fit, complexity)])
    return torch.stack((fit, complexity)).detach(), gradient

# %% wrong twins_merged: an input that comes twice is replaced by one with the mean of its two y and half the noise variance, which is enough for the posterior of f but drops a part of the evidence
def gp_evidence(u: Tensor, y: Tensor, log_lengthscale: float, log_scale: float, log_noise: float) -> tuple[Tensor, Tensor]:
    places, inverse, counts = torch.unique(u, return_inverse=True, return_counts=True)
    means = torch.zeros_like(places).index_add_(0, inverse, y) / counts
    square = (places.unsqueeze(0) - places.unsqueeze(1)).square()
    logs = torch.tensor([log_lengthscale, log_scale, log_noise], dtype=u.dtype, device=u.device, requires_grad=True)
    with torch.enable_grad():
        A = torch.exp(2 * logs[1] - square / 2 * torch.exp(-2 * logs[0])) + torch.exp(2 * logs[2]) * torch.diag(1 / counts.to(u.dtype))
        fit = -0.5 * means @ torch.linalg.solve(A, means)
        complexity = -0.5 * torch.logdet(A)
        gradient = torch.stack([torch.autograd.grad(part, logs, retain_graph=True)[0] for part in (fit, complexity)])
    return torch.stack((fit, complexity)).detach(), gradient

# %% wrong noise_in_units_of_scale: writes A = s^2 (E + ratio I) and differentiates in log s with the ratio held, so the second column moves the noise as well; familiar from profiling out the scale
def gp_evidence(u: Tensor, y: Tensor, log_lengthscale: float, log_scale: float, log_noise: float) -> tuple[Tensor, Tensor]:
    square = (u.unsqueeze(0) - u.unsqueeze(1)).square()
    ratio = log_noise - log_scale
    logs = torch.tensor([log_lengthscale, log_scale, ratio], dtype=u.dtype, device=u.device, requires_grad=True)
    with torch.enable_grad():
        unit = torch.exp(-square / 2 * torch.exp(-2 * logs[0])) + torch.exp(2 * logs[2]) * torch.eye(len(u), dtype=u.dtype, device=u.device)
        fit = -0.5 * torch.exp(-2 * logs[1]) * (y @ torch.linalg.solve(unit, y))
        complexity = -0.5 * torch.logdet(unit) - len(u) * logs[1]
        gradient = torch.stack([torch.autograd.grad(part, logs, retain_graph=True)[0] for part in (fit, complexity)])
    return torch.stack((fit, complexity)).detach(), gradient
