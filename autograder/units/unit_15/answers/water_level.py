# %% right by_count: For each number of active axes the equation is linear; the one that agrees with itself is taken.
import torch


def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    values = eigenvalues.sort(descending=True).values
    dim = len(values)
    for active in range(latent_dim + 1):
        noise = values[active:].sum() / (dim - active * beta)
        level = beta * noise
        enough = active == 0 or values[active - 1] > level
        if noise > 0 and enough and (active == latent_dim or values[active] <= level):
            break
    rate = 0.5 * (values[:active] / level).log().sum()
    distortion = active * level + values[active:].sum()
    return torch.stack([noise, rate, distortion, torch.tensor(float(active), dtype=values.dtype)])


# %% right bisection: The slope of the objective in the noise has one zero; halve.
import torch


def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    values = eigenvalues.sort(descending=True).values
    kept, rest = values[:latent_dim], values[latent_dim:]
    low, high = 1e-12 * values[0], values.sum()
    for _ in range(80):
        noise = (low + high) / 2
        level = beta * noise
        distortion = kept.clamp(max=level).sum() + rest.sum()
        if distortion > len(values) * noise:
            low = noise
        else:
            high = noise
    level = beta * noise
    distortion = kept.clamp(max=level).sum() + rest.sum()
    rate = 0.5 * (kept / level).log().clamp(min=0).sum()
    active = (kept > level).sum().to(values.dtype)
    return torch.stack([noise, rate, distortion, active])


# %% right loops: Plain numbers, axis by axis, by repeating the update of the noise.
import math


def beta_vae_at_rest(eigenvalues, latent_dim, beta):
    values = sorted((float(value) for value in eigenvalues), reverse=True)
    dim = len(values)
    noise = sum(values) / dim
    for _ in range(100000):
        distortion = 0.0
        for i, value in enumerate(values):
            distortion += min(value, beta * noise) if i < latent_dim else value
        if abs(distortion / dim - noise) < 1e-13 * noise:
            break
        noise = distortion / dim
    rate, active = 0.0, 0
    for value in values[:latent_dim]:
        if value > beta * noise:
            rate += 0.5 * math.log(value / (beta * noise))
            active += 1
    return [noise, rate, distortion, active]


# %% wrong pca, from right by_count: The noise of probabilistic PCA, the mean of what got no latent.
# diagnosis: beta_without_effect
#-     for active in range(latent_dim + 1):
#-         noise = values[active:].sum() / (dim - active * beta)
#-         level = beta * noise
#-         enough = active == 0 or values[active - 1] > level
#-         if noise > 0 and enough and (active == latent_dim or values[active] <= level):
#-             break
#+     noise = values[latent_dim:].mean() if latent_dim < dim else values[-1]
#+     level = beta * noise
#+     active = int((values[:latent_dim] > level).sum())


# %% wrong beta_ignored, from right bisection: The water stands at the noise variance, whatever beta is.
# diagnosis: beta_without_effect
#-     for _ in range(80):
#+     beta = 1.0
#+     for _ in range(80):


# %% wrong over_beta, from right by_count: The level is the noise over beta.
# diagnosis: level_upside_down
#-     for active in range(latent_dim + 1):
#-         noise = values[active:].sum() / (dim - active * beta)
#+     beta = 1 / beta
#+     for active in range(latent_dim + 1):
#+         noise = values[active:].sum() / (dim - active * beta)


# %% wrong in_any_order, from right bisection: The eigenvalues are taken as they come.
# diagnosis: not_sorted
#-     values = eigenvalues.sort(descending=True).values
#+     values = eigenvalues


# %% wrong weighted_rate, from right by_count: The rate as the objective weighs it.
# diagnosis: beta_in_the_rate
#-     rate = 0.5 * (values[:active] / level).log().sum()
#+     rate = beta * 0.5 * (values[:active] / level).log().sum()


# %% wrong in_bits, from right bisection: Logarithms to base two.
# diagnosis: bits
#-     rate = 0.5 * (kept / level).log().clamp(min=0).sum()
#+     rate = 0.5 * (kept / level).log2().clamp(min=0).sum()


# %% wrong no_rest, from right by_count: The distortion of the axes that have a latent.
# diagnosis: rest_forgotten
#-     distortion = active * level + values[active:].sum()
#+     distortion = active * level + values[active:latent_dim].sum()


# %% wrong decoded_means, from right bisection: The distortion of decoded posterior means.
# diagnosis: means_decoded
#-     level = beta * noise
#-     distortion = kept.clamp(max=level).sum() + rest.sum()
#-     rate = 0.5 * (kept / level).log().clamp(min=0).sum()
#+     level = beta * noise
#+     distortion = torch.where(kept > level, level**2 / kept, kept).sum() + rest.sum()
#+     rate = 0.5 * (kept / level).log().clamp(min=0).sum()


# %% wrong sigma, from right by_count: The standard deviation of the noise.
# diagnosis: scale_for_variance
#-     return torch.stack([noise, rate, distortion, torch.tensor(float(active), dtype=values.dtype)])
#+     return torch.stack([noise.sqrt(), rate, distortion, torch.tensor(float(active), dtype=values.dtype)])


# %% wrong above_noise, from right bisection: Active is what exceeds the noise variance.
# diagnosis: noise_for_level
#-     active = (kept > level).sum().to(values.dtype)
#+     active = (kept > noise).sum().to(values.dtype)


# %% wrong one_pass, from right bisection: Three halvings short of the digits.
# diagnosis: value or described
#-     for _ in range(80):
#+     for _ in range(14):


# %% wrong sixty_updates, from right loops: Sixty updates of the noise, which looked like enough where it was tried; here they may crawl.
# diagnosis: not_at_rest
#-     for _ in range(100000):
#+     for _ in range(60):
