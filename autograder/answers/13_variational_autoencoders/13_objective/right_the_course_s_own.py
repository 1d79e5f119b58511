"""Idiom: the estimator of the course, with its model and family."""
from course_vi.families import Amortized, MeanField
from course_vi.gradients import analytic_kl
from course_vi.models import VAE


def vae_objective(encoder, decoder, x, eps):
    latents = eps.shape[-1]
    p, q = VAE(latents, x.shape[-1], 1), Amortized(MeanField(latents), encoder)
    p.decoder = decoder
    return analytic_kl(p, q, x, len(eps), noise=eps)
