"""Idiom: the fit of the course, seeded from the generator."""
import torch

from course_vi.families import Amortized, MeanField
from course_vi.gradients import analytic_kl
from course_vi.learning import fit
from course_vi.models import VAE
from course_vi.nets import mlp


def train_vae(x, latent_dim, steps, generator):
    p = VAE(latent_dim, x.shape[-1], 64, generator)
    q = Amortized(MeanField(latent_dim), mlp(x.shape[-1], 64, 2 * latent_dim, generator))
    seed = int(torch.randint(2**31, (), generator=generator))
    fit(p, q, x, analytic_kl, steps=steps, learning_rate=0.01, batch_size=min(100, len(x)), seed=seed, progress=False)
    return q.encoder, p.decoder
