# %% right formulas: The score and the border, by formula.
import torch


def moving_support(f, phi, z, power, b):
    mean, edge = f(z).mean(0), f(phi)
    score = -power / phi
    return torch.stack([score * (mean - b), score * (edge - b), score * (mean - edge)])


# %% right autograd: The score from the log density by autograd, the density at the border added.
import torch


def moving_support(f, phi, z, power, b):
    at = phi.clone().requires_grad_()
    log_q = (power - 1) * z.log() - power * at.log()
    (slope,) = torch.autograd.grad(((f(z) - b) * log_q).mean(0).sum(), at)
    density = power * phi ** (power - 1) / phi**power
    bias = b * density - f(phi) * density
    return torch.stack([slope, bias, slope - bias])


# %% right sample_by_sample: A loop over samples; a list of three tensors.
def moving_support(f, phi, z, power, b):
    estimate = repaired = 0.0
    for one in z:
        estimate = estimate + (f(one) - b) * (-power / phi) / len(z)
        repaired = repaired + (f(phi) - f(one)) * (power / phi) / len(z)
    return [estimate, (b - f(phi)) * power / phi, repaired]


# %% wrong uniform, from right formulas: The score and the border of the uniform density.
# diagnosis: power_lost
#-     score = -power / phi
#+     score = -1 / phi


# %% wrong no_border, from right formulas: The score function is taken for unbiased: no border, no bias.
# diagnosis: baseline_harmless
#-     return torch.stack([score * (mean - b), score * (edge - b), score * (mean - edge)])
#+     return torch.stack([score * (mean - b), -score * b, score * mean])


# %% wrong bias_turned, from right formulas: The truth minus the mean.
# diagnosis: bias_sign
#-     return torch.stack([score * (mean - b), score * (edge - b), score * (mean - edge)])
#+     return torch.stack([score * (mean - b), score * (b - edge), score * (mean - edge)])


# %% wrong baseline_kept, from right sample_by_sample: The border's term is added to the estimate with its baseline.
# diagnosis: baseline_left
#-         repaired = repaired + (f(phi) - f(one)) * (power / phi) / len(z)
#+         repaired = repaired + (f(phi) + b - f(one)) * (power / phi) / len(z)


# %% wrong bias_without_baseline, from right formulas: A constant baseline never moves a mean, so it is left out of the bias.
# diagnosis: baseline_lost
#-     return torch.stack([score * (mean - b), score * (edge - b), score * (mean - edge)])
#+     return torch.stack([score * (mean - b), score * edge, score * (mean - edge)])


# %% wrong edge_density, from right formulas: The border's term is f(phi)/phi, that of the uniform.
# diagnosis: border_power_lost
#-     return torch.stack([score * (mean - b), score * (edge - b), score * (mean - edge)])
#+     return torch.stack([score * (mean - b), score * (edge - b), score * mean + edge / phi])


# %% wrong growing, from right formulas: The score is positive: "a larger phi, a larger z".
# diagnosis: score_sign
#-     return torch.stack([score * (mean - b), score * (edge - b), score * (mean - edge)])
#+     return torch.stack([-score * (mean - b), score * (edge - b), score * (mean - edge)])


# %% wrong border_minus, from right formulas: The border's term is subtracted.
# diagnosis: border_sign
#-     return torch.stack([score * (mean - b), score * (edge - b), score * (mean - edge)])
#+     return torch.stack([score * (mean - b), score * (edge - b), score * (mean + edge)])


# %% wrong log_phi, from right formulas: The derivative is taken in log phi.
# diagnosis: phi_lost
#-     score = -power / phi
#+     score = -power + 0 * phi


# %% wrong mean_at_border, from right formulas: The mean of f stands in the bias where f at the border belongs: that is the first row once more.
# diagnosis: row_1_again
#-     return torch.stack([score * (mean - b), score * (edge - b), score * (mean - edge)])
#+     return torch.stack([score * (mean - b), score * (mean - b), score * (mean - edge)])
