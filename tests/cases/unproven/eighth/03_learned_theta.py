import torch
from torch import Tensor

# %% right bisection_of_the_slope: no formula for the bound's top; its slope in theta^2 is halved down to rounding, after the border has been asked for its sign
def learned_theta(x: Tensor, scale: Tensor, noise_scale: Tensor) -> tuple[Tensor, Tensor]:
    power = torch.einsum("...n,...n->...", x, x) / x.shape[-1]
    noise = noise_scale**2

    def slope(t):
        return power / (noise + t) ** 2 - scale**2 / noise

    low, high = torch.zeros_like(power), torch.ones_like(power)
    while bool((slope(high) > 0).any()):
        high = torch.where(slope(high) > 0, 2 * high, high)
    for _ in range(200):
        middle = (low + high) / 2
        up = slope(middle) > 0
        low, high = torch.where(up, middle, low), torch.where(up, high, middle)
    theta = torch.where(slope(torch.zeros_like(power)) > 0, (low + high) / 2, torch.zeros_like(power)).sqrt()
    return theta, theta - torch.relu(power - noise).sqrt()

# %% wrong root_of_the_modulus: NaN is avoided by the modulus under both roots, so where the top is at zero a mirrored theta comes out
def learned_theta(x: Tensor, scale: Tensor, noise_scale: Tensor) -> tuple[Tensor, Tensor]:
    power = x.square().mean(-1)
    theta = (noise_scale * power.sqrt() / scale - noise_scale.square()).abs().sqrt()
    return theta, theta - (power - noise_scale.square()).abs().sqrt()

# %% wrong mean_modulus: the best u = sigma |x_n| / s is found for each datum and averaged, where the squares have to be averaged first; right for one datum
def learned_theta(x: Tensor, scale: Tensor, noise_scale: Tensor) -> tuple[Tensor, Tensor]:
    u = noise_scale * x.abs().mean(-1) / scale
    theta = (u - noise_scale.square()).clamp(min=0).sqrt()
    return theta, theta - (x.square().mean(-1) - noise_scale.square()).clamp(min=0).sqrt()

# %% wrong variance_of_the_data: takes the variance about the mean of the data for their mean square; the model has mean zero, and a data set need not
def learned_theta(x: Tensor, scale: Tensor, noise_scale: Tensor) -> tuple[Tensor, Tensor]:
    spread = x.var(-1, unbiased=False)
    theta = (noise_scale * spread.sqrt() / scale - noise_scale.square()).clamp(min=0).sqrt()
    return theta, theta - (spread - noise_scale.square()).clamp(min=0).sqrt()

# %% wrong thirty_rounds: coordinate ascent, means and theta in turns, for 30 rounds from theta = 1; near the border it crawls, and it never is at zero
def learned_theta(x: Tensor, scale: Tensor, noise_scale: Tensor) -> tuple[Tensor, Tensor]:
    noise = noise_scale.square().unsqueeze(-1)
    theta = torch.ones_like(scale)
    for _ in range(30):
        t = theta.unsqueeze(-1)
        m = t * x / (noise + t.square())
        theta = (x * m).sum(-1) / (m.square() + scale.square().unsqueeze(-1)).sum(-1)
    return theta, theta - (x.square().mean(-1) - noise_scale.square()).clamp(min=0).sqrt()
