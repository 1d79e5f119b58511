import math
import numpy as np
import torch
from torch import Tensor


def parts(values, latent_dim, beta, noise):
    """Four numbers at a given noise variance; values sorted downward."""
    level = beta * noise
    kept = values[:latent_dim]
    on = kept > level
    rate = 0.5 * (kept[on] / level).log().sum()
    distortion = torch.where(on, torch.full_like(kept, float(level)), kept).sum() + values[latent_dim:].sum()
    return torch.stack([torch.as_tensor(noise, dtype=torch.float64), rate, distortion, on.sum().double()])

# %% right bisection: halves an interval of the noise in logarithms
def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    v = torch.sort(eigenvalues, descending=True).values
    def excess(noise):
        return len(v) * noise - float(v[:latent_dim].clamp(max=beta * noise).sum() + v[latent_dim:].sum())
    low, high = math.log(1e-12), math.log(float(v.sum()) * 10)
    for _ in range(200):
        middle = (low + high) / 2
        if excess(math.exp(middle)) > 0:
            high = middle
        else:
            low = middle
    return parts(v, latent_dim, beta, math.exp((low + high) / 2))

# %% right guess_how_many: every number of active latents, solve the line, keep the one that is consistent
def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    v = sorted(eigenvalues.tolist(), reverse=True)
    n = len(v)
    for k in range(latent_dim + 1):
        below = n - k * beta
        rest = sum(v[k:])
        if below <= 0 or rest <= 0:
            continue
        noise = rest / below
        level = beta * noise
        if (k == 0 or v[k - 1] > level) and (k == latent_dim or v[k] <= level):
            rate = sum(0.5 * math.log(x / level) for x in v[:k])
            return torch.tensor([noise, rate, k * level + rest, float(k)], dtype=torch.float64)
    raise ValueError("nothing fits")

# %% right newton_on_the_corners: Newton from the right on a convex function of pieces of lines ends after finitely many steps; NumPy
def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    v = np.sort(eigenvalues.numpy())[::-1].copy()
    kept, rest, n = v[:latent_dim], v[latent_dim:].sum(), len(v)
    noise = 2 * (v.sum() / n + v[0] / beta)
    for _ in range(n + 5):
        on = kept > beta * noise
        noise = (kept[~on].sum() + rest) / (n - beta * on.sum())
    on = kept > beta * noise
    return torch.tensor([noise, 0.5 * np.log(kept[on] / (beta * noise)).sum(), n * noise, float(on.sum())], dtype=torch.float64)

# %% wrong noise_of_ppca: sigma^2 the mean of the left out eigenvalues, with beta in everything after; right at beta = 1 only (where no kept axis is off)
def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    v = torch.sort(eigenvalues, descending=True).values
    noise = float(v[latent_dim:].mean()) if latent_dim < len(v) else float(v[-1])
    return parts(v, latent_dim, beta, noise)

# %% wrong kept_axis_holds_sigma2: solves Dx sigma^2 = sum min(eigenvalue, sigma^2) + rest, i.e. a kept axis is thought to hold back sigma^2 and not beta sigma^2
def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    v = torch.sort(eigenvalues, descending=True).values
    noise = float(v.mean())
    for _ in range(3000):
        on = v[:latent_dim] > beta * noise
        new = float((torch.where(on, torch.full_like(v[:latent_dim], noise), v[:latent_dim]).sum() + v[latent_dim:].sum()) / len(v))
        if abs(new - noise) < 1e-14 * noise:
            break
        noise = new
    level = beta * noise
    on = v[:latent_dim] > level
    rate = 0.5 * (v[:latent_dim][on] / level).log().sum()
    return torch.tensor([noise, float(rate), len(v) * noise, float(on.sum())], dtype=torch.float64)

# %% wrong not_sorted: trusts that eigenvalues come in falling order; they come in any
def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    v = eigenvalues
    low, high = 1e-12, float(v.sum()) * 10
    for _ in range(300):
        noise = (low + high) / 2
        if len(v) * noise > float(v[:latent_dim].clamp(max=beta * noise).sum() + v[latent_dim:].sum()):
            high = noise
        else:
            low = noise
    return parts(v, latent_dim, beta, noise)

# %% wrong few_fixed_point_steps: iterates the noise thirty times; slow where nearly all latents are on and beta is large, so not at rest
def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    v = torch.sort(eigenvalues, descending=True).values
    noise = float(v.mean())
    for _ in range(30):
        noise = float(v[:latent_dim].clamp(max=beta * noise).sum() + v[latent_dim:].sum()) / len(v)
    return parts(v, latent_dim, beta, noise)

# %% wrong loose_bisection: stops at a width of 1e-4 in absolute size and starts at 100 at most; eigenvalues go from 0.01 to 3,000
def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    v = torch.sort(eigenvalues, descending=True).values
    low, high = 0.0, 100.0
    while high - low > 1e-4:
        noise = (low + high) / 2
        if len(v) * noise > float(v[:latent_dim].clamp(max=beta * noise).sum() + v[latent_dim:].sum()):
            high = noise
        else:
            low = noise
    return parts(v, latent_dim, beta, (low + high) / 2)

# %% wrong active_above_sigma2: noise, distortion and rate right, but counts latents with eigenvalue above sigma^2, not beta sigma^2
def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    v = torch.sort(eigenvalues, descending=True).values
    low, high = 1e-12, float(v.sum()) * 10
    for _ in range(300):
        noise = (low + high) / 2
        if len(v) * noise > float(v[:latent_dim].clamp(max=beta * noise).sum() + v[latent_dim:].sum()):
            high = noise
        else:
            low = noise
    out = parts(v, latent_dim, beta, noise)
    out[3] = (v[:latent_dim] > noise).sum()
    return out

# %% wrong rate_over_sigma2: the rate 1/2 log(eigenvalue / sigma^2), as at beta = 1; the posterior's variance is beta sigma^2 / eigenvalue
def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    v = torch.sort(eigenvalues, descending=True).values
    low, high = 1e-12, float(v.sum()) * 10
    for _ in range(300):
        noise = (low + high) / 2
        if len(v) * noise > float(v[:latent_dim].clamp(max=beta * noise).sum() + v[latent_dim:].sum()):
            high = noise
        else:
            low = noise
    out = parts(v, latent_dim, beta, noise)
    kept = v[:latent_dim]
    out[1] = 0.5 * (kept[kept > beta * noise] / noise).log().sum()
    return out

# %% wrong first_guess_from_above: tries D, D - 1, ... active latents and takes the first with all of them above the level; a negative level (k beta > Dx), or none, passes
def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    v = sorted(eigenvalues.tolist(), reverse=True)
    n = len(v)
    for k in range(latent_dim, -1, -1):
        noise = sum(v[k:]) / (n - k * beta) if n != k * beta else math.inf
        if k == 0 or v[k - 1] > beta * noise:
            break
    level = beta * noise
    rate = sum(0.5 * math.log(x / level) if level > 0 else 0.0 for x in v[:k])
    return torch.tensor([noise, rate, k * level + sum(v[k:]), float(k)], dtype=torch.float64)

# %% wrong all_latents_are_on: no latent switches off: the line with k = D, and rates cut at zero only at the end
def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    v = torch.sort(eigenvalues, descending=True).values
    noise = float(v[latent_dim:].sum()) / (len(v) - latent_dim * beta) if len(v) != latent_dim * beta else 1.0
    noise = noise if noise > 0 else float(v.mean())
    return parts(v, latent_dim, beta, noise)

# %% wrong off_axes_forgotten: the distortion is that of kept axes plus what is beyond D; a latent that is off forgets to give its eigenvalue back
def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    v = torch.sort(eigenvalues, descending=True).values
    low, high = 1e-12, float(v.sum()) * 10
    for _ in range(300):
        noise = (low + high) / 2
        if len(v) * noise > float(v[:latent_dim].clamp(max=beta * noise).sum() + v[latent_dim:].sum()):
            high = noise
        else:
            low = noise
    out = parts(v, latent_dim, beta, noise)
    out[2] = out[3] * beta * noise + v[latent_dim:].sum()
    return out

# %% wrong sorts_in_place: right numbers, but numpy's in-place sort of a shared memory reorders the caller's eigenvalues
def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    array = eigenvalues.numpy()
    array.sort()
    v = eigenvalues.flip(0)
    low, high = 1e-12, float(v.sum()) * 10
    for _ in range(300):
        noise = (low + high) / 2
        if len(v) * noise > float(v[:latent_dim].clamp(max=beta * noise).sum() + v[latent_dim:].sum()):
            high = noise
        else:
            low = noise
    return parts(v, latent_dim, beta, noise)
