"""One training step of a VAE on the digits: course_vi, a minimal loop written by hand, and Pyro's SVI, side by side.

The same networks (64 - 200 - 16 and 8 - 200 - 64, tanh), batch (100), optimizer (Adam) and number of samples in each.
``python benchmarks/step.py``
"""

from __future__ import annotations

import math

import pyro
import pyro.distributions as dist
import torch
import torch.nn.functional as F
from pyro.infer import SVI, RenyiELBO, Trace_ELBO
from side_by_side import in_turns, options, show
from torch import Tensor, nn

from course_vi.bounds import elbo, iwae
from course_vi.data import digits
from course_vi.families import Amortized, MeanField
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.learning import Fit
from course_vi.models import VAE
from course_vi.nets import mlp

D, HIDDEN, BATCH = 8, 200, 100


def networks() -> tuple[nn.Module, nn.Module]:
    generator = torch.Generator().manual_seed(0)
    return mlp(D, HIDDEN, 64, generator), mlp(64, HIDDEN, 2 * D, generator)


def by_hand(x: Tensor, num_samples: int, stick: bool, importance: bool):
    """What one would write without a library: encoder, noise, three log-densities, backward."""
    decoder, encoder = networks()
    optimizer = torch.optim.Adam([*decoder.parameters(), *encoder.parameters()], lr=1e-3)

    def log_normal(z: Tensor, loc: Tensor | float, log_scale: Tensor) -> Tensor:
        return (
            -0.5 * ((z - loc) * torch.exp(-log_scale)) ** 2
            - log_scale
            - 0.5 * math.log(2 * math.pi)
        ).sum(-1)

    def step() -> None:
        optimizer.zero_grad()
        loc, log_scale = encoder(x).split(D, -1)
        z = loc + log_scale.exp() * torch.randn(num_samples, BATCH, D)
        if stick:
            loc, log_scale = loc.detach(), log_scale.detach()
        log_q = log_normal(z, loc, log_scale)
        logits = decoder(z)
        log_p = log_normal(z, 0.0, torch.zeros(D)) - F.binary_cross_entropy_with_logits(
            logits, x.expand_as(logits), reduction="none"
        ).sum(-1)
        log_w = log_p - log_q
        bound = torch.logsumexp(log_w, 0) - math.log(num_samples) if importance else log_w.mean(0)
        loss = -bound.mean()
        loss.backward()
        loss.item()
        optimizer.step()

    return step


def by_course(x: Tensor, num_samples: int, estimator, bound):
    """What ``fit`` does at each step: the estimate, its checks, the history, and a fused Adam."""
    decoder, encoder = networks()
    p, q = VAE(D, 64, HIDDEN), Amortized(MeanField(D), encoder)
    p.decoder.load_state_dict(decoder.state_dict())
    return Fit(p, q, x, estimator, num_samples, bound, learning_rate=1e-3).step


def by_pyro(x: Tensor, num_samples: int, importance: bool):
    decoder, encoder = networks()
    pyro.clear_param_store()

    def model(x: Tensor) -> None:
        pyro.module("decoder", decoder)
        with pyro.plate("data", BATCH):
            z = pyro.sample("z", dist.Normal(torch.zeros(D), 1.0).expand([BATCH, D]).to_event(1))
            pyro.sample(
                "x", dist.Bernoulli(logits=decoder(z), validate_args=False).to_event(1), obs=x
            )

    def guide(x: Tensor) -> None:
        pyro.module("encoder", encoder)
        with pyro.plate("data", BATCH):
            loc, log_scale = encoder(x).split(D, -1)
            pyro.sample("z", dist.Normal(loc, log_scale.exp()).to_event(1))

    loss = (
        RenyiELBO(alpha=0, num_particles=num_samples, vectorize_particles=True, max_plate_nesting=1)
        if importance
        else Trace_ELBO(
            num_particles=num_samples, vectorize_particles=num_samples > 1, max_plate_nesting=1
        )
    )
    svi = SVI(model, guide, pyro.optim.Adam({"lr": 1e-3}), loss)
    return lambda: svi.step(x)


def main() -> None:
    arguments = options(__doc__)
    x = digits().train[:BATCH]
    repeats = 3 if arguments.quick else 30
    pyro.enable_validation(False)
    for num_samples in (1, 10):
        show(
            f"ELBO, K = {num_samples}",
            in_turns(
                {
                    "by hand: total derivative": by_hand(
                        x, num_samples, stick=False, importance=False
                    ),
                    "course_vi: reparametrized": by_course(x, num_samples, reparametrized, elbo),
                    "Pyro: SVI, Trace_ELBO": by_pyro(x, num_samples, importance=False),
                    "by hand: sticking the landing": by_hand(
                        x, num_samples, stick=True, importance=False
                    ),
                    "course_vi: sticking_the_landing": by_course(
                        x, num_samples, sticking_the_landing, elbo
                    ),
                    "course_vi: score_function": by_course(x, num_samples, score_function, elbo),
                },
                arguments.rounds,
                repeats,
            ),
        )
    show(
        "IWAE, K = 10",
        in_turns(
            {
                "by hand: total derivative": by_hand(x, 10, stick=False, importance=True),
                "course_vi: reparametrized": by_course(x, 10, reparametrized, iwae),
                "course_vi: doubly_reparametrized": by_course(x, 10, doubly_reparametrized, iwae),
                "Pyro: SVI, RenyiELBO(alpha=0)": by_pyro(x, 10, importance=True),
            },
            arguments.rounds,
            repeats,
        ),
    )


if __name__ == "__main__":
    main()
