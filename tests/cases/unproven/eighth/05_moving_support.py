import torch
from torch import Tensor

# %% right weights_of_one_call: f is asked once, at the samples and at the border below them, and each row is a weighted sum of the answers
def moving_support(f, phi: Tensor, z: Tensor, power: float, b: Tensor) -> Tensor:
    K = z.shape[0]
    with torch.no_grad():
        asked = torch.cat([z, phi.expand(z.shape[1:]).unsqueeze(0)])
        heights = torch.as_tensor(f(asked)).to(asked.dtype)
        rows = heights.new_zeros(3, K + 1)
        rows[0, :K] = -1 / K
        rows[1, K] = -1
        rows[2, :K] = -1 / K
        rows[2, K] = 1
        combined = torch.tensordot(rows, heights, 1)
        combined[:2] += b
        return combined * (power / phi)

# %% wrong largest_sample: takes the height at the border from the largest sample, since f is "known at samples only"; close for many samples, and not exact
def moving_support(f, phi: Tensor, z: Tensor, power: float, b: Tensor) -> Tensor:
    rate = power / phi
    border = f(z.max(0).values)
    inside = f(z).mean(0)
    return torch.stack([-(inside - b) * rate, (b - border) * rate, (border - inside) * rate])

# %% wrong a_little_inside: f may jump at the border, so the student asks a thousandth inside of it, which is another number for any f with a slope there
def moving_support(f, phi: Tensor, z: Tensor, power: float, b: Tensor) -> Tensor:
    rate = power / phi
    border = f(phi * (1 - 1e-3))
    inside = f(z).mean(0)
    return torch.stack([-(inside - b) * rate, (b - border) * rate, (border - inside) * rate])

# %% wrong baseline_kept: repairs row 1 by adding the border term alone, so the repaired row still carries b times the mean score
def moving_support(f, phi: Tensor, z: Tensor, power: float, b: Tensor) -> Tensor:
    rate = power / phi
    border = f(phi)
    score = -((f(z) - b) * rate).mean(0)
    return torch.stack([score, (b - border) * rate, score + border * rate])

# %% wrong bias_of_an_average: believes that the bias of a mean of K samples shrinks with K, as its variance does (right for one sample)
def moving_support(f, phi: Tensor, z: Tensor, power: float, b: Tensor) -> Tensor:
    rate = power / phi
    border = f(phi)
    inside = f(z).mean(0)
    return torch.stack([-(inside - b) * rate, (b - border) * rate / z.shape[0], (border - inside) * rate])
