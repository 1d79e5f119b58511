"""Idiom: model, family and bound of the course."""
from course_vi.bounds import iwae
from course_vi.families import Amortized, MeanField
from course_vi.models import VAE


def importance_log_likelihood(encoder, decoder, x, eps):
    p, q = VAE(eps.shape[-1], x.shape[-1], 1), Amortized(MeanField(eps.shape[-1]), encoder)
    p.decoder = decoder
    z = q.transport(eps, x)
    return iwae(p.log_joint(x, z) - q(x, z))
