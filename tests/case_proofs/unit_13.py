"""Unit 13, derived once more."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from case_proofs.tools import Proof, all_of, by_gradient, by_value, differ, draw, f64, picture
from course_vi.data import digits
from course_vi.nets import mlp


def nets(D: int = 2, pixels: int = 6, loud: float = 1.0, wild: bool = False) -> tuple:
    encoder, decoder = (
        mlp(a, 5, b, torch.Generator().manual_seed(a)).double()
        for a, b in ((pixels, 2 * D), (D, pixels))
    )
    with torch.no_grad():
        decoder[-1].weight *= loud
        if wild:
            encoder[-1].bias += torch.cat([torch.zeros(D), torch.tensor([-6.0, 4.6])[:D]])
    return encoder, decoder


def vae_problem(loud: float, wild: bool, batch: tuple[int, ...] = (3,)) -> Callable[[], tuple]:
    def build() -> tuple:
        encoder, decoder = nets(2, 6, loud, wild)
        x = (draw(1, *batch, 6) > 0).to(f64)
        return (encoder, decoder, x, draw(2, 4, *batch, 2)), [
            *encoder.parameters(),
            *decoder.parameters(),
        ]

    return build


def vae_bound(encoder: Any, decoder: Any, x: torch.Tensor, eps: torch.Tensor) -> torch.Tensor:
    m, r = encoder(x).chunk(2, -1)
    log_p = (
        Bernoulli(logits=decoder(m + r.exp() * eps), validate_args=False)
        .log_prob(x.expand(len(eps), *x.shape))
        .sum(-1)
    )
    return log_p.mean(0) - kl_divergence(
        Normal(m, r.exp(), validate_args=False), Normal(torch.zeros_like(m), 1.0)
    ).sum(-1)


def with_nets(value: Callable[[Any, Any], tuple], reference: Callable, **options: Any) -> Proof:
    def proof(answer: Any) -> str:
        for args in value(*nets(**options)):
            before = picture([one for one in args if isinstance(one, torch.Tensor)])
            with torch.no_grad():
                want = reference(*args)
                actual = answer(*args)
            if found := differ(actual, want, 1e-8, 1e-8):
                return found
            if picture([one for one in args if isinstance(one, torch.Tensor)]) != before:
                return "an argument was changed"
        return ""

    return proof


def images_and_noise(encoder: Any, decoder: Any) -> list[tuple]:
    x = (draw(1, 5, 6) > 0).to(f64)
    hard = lambda z: decoder(z) * torch.tensor([1.0, 1.0, 300.0, 300.0, 300.0, 300.0])
    return [
        (encoder, decoder, x, draw(2, 150, 5, 2)),
        (encoder, hard, x, draw(3, 20, 5, 2)),
        (encoder, lambda z: 5000 * decoder(z), x, draw(4, 3, 5, 2)),
    ]


def importance(encoder: Any, decoder: Any, x: torch.Tensor, eps: torch.Tensor) -> torch.Tensor:
    m, r = encoder(x).chunk(2, -1)
    z = m + r.exp() * eps
    log_p = (
        Bernoulli(logits=decoder(z), validate_args=False)
        .log_prob(x.expand(len(eps), *x.shape))
        .sum(-1)
    )
    log_w = log_p + (Normal(0.0, 1.0).log_prob(z) - Normal(m, r.exp()).log_prob(z)).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(eps))


def activities(encoder: Any, x: torch.Tensor) -> tuple:
    m, r = encoder(x).chunk(2, -1)
    centred = m - m.mean(0)
    return centred.square().sum(0) / (len(m) - 1), kl_divergence(
        Normal(m, r.exp()), Normal(torch.zeros_like(m), 1.0)
    ).mean(0)


def encoders(encoder: Any, decoder: Any) -> list[tuple]:
    quiet = lambda x: torch.cat([x[..., :1] * 0.05 + 0.7, x[..., 1:2] * 3, x[..., 2:4] * 0.1], -1)
    drift = draw(1, 250, 6) + torch.linspace(-1, 1, 250, dtype=f64).unsqueeze(-1)
    return [(encoder, draw(3, 30, 6)), (quiet, drift)]


def completed(
    decoder: Any, x: torch.Tensor, observed: torch.Tensor, z: torch.Tensor, log_q: torch.Tensor
) -> torch.Tensor:
    logits = decoder(z)
    log_w = (
        Bernoulli(logits=logits[..., observed])
        .log_prob(x[:, observed].expand(len(z), -1, -1))
        .sum(-1)
    )
    w = (log_w + Normal(0.0, 1.0).log_prob(z).sum(-1) - log_q).softmax(0)
    out = (w.unsqueeze(-1) * logits.sigmoid()).sum(0)
    out[:, observed] = x[:, observed]
    return out


def halves(encoder: Any, decoder: Any) -> list[tuple]:
    x = (draw(1, 4, 6) > 0).to(f64)
    loud = lambda z: decoder(z) * 5000
    out = []
    for mask in ([1, 1, 1, 0, 0, 0], [0, 1, 0, 0, 1, 1], [1, 0, 0, 0, 0, 1]):
        observed = torch.tensor(mask, dtype=torch.bool)
        z = draw(2, 700, 4, 2)
        out.append(
            (
                decoder,
                torch.where(observed, x, 0.37),
                observed,
                z,
                Normal(0.0, 1.3).log_prob(z).sum(-1),
            )
        )
    out.append((loud, x, observed, z[:5], torch.zeros(5, 4, dtype=f64)))
    missing = torch.where(observed, x, math.nan)
    out.append((decoder, missing, observed, z, torch.zeros(700, 4, dtype=f64)))
    return out


def linear_vae(x: torch.Tensor, D: int, sigma: float) -> tuple:
    y = x - x.mean(0)
    lam = torch.linalg.svdvals(y) ** 2 / len(x)
    lam = torch.cat([lam, torch.zeros(x.shape[1] - len(lam), dtype=f64)])
    v = torch.cat([lam[:D].clamp(min=sigma**2), torch.full((x.shape[1] - D,), sigma**2, dtype=f64)])
    return -0.5 * ((2 * math.pi * v).log() + lam / v).sum(), 1 - sigma**2 / v[:D]


def trained(answer: Any) -> str:
    x = digits().train[:400]
    steps = [0]
    from torch.optim.optimizer import register_optimizer_step_pre_hook

    def count(*_: Any) -> None:
        steps[0] += 1

    def weights(pair: Any) -> torch.Tensor:
        return torch.cat(
            [parameter.detach().reshape(-1) for net in pair for parameter in net.parameters()]
        )

    hook = register_optimizer_step_pre_hook(count)
    try:
        for asked, D in ((5, 4), (12, 3)):
            steps[0] = 0
            given = x.clone()
            pair = answer(given, D, asked, torch.Generator().manual_seed(1))
            if steps[0] != asked or not torch.equal(given, x):
                return f"{steps[0]} steps for {asked}, or the images were changed"
            if pair[0](x[:2]).shape != (2, 2 * D):
                return "another number of latents"
            again, other = (
                weights(answer(x.clone(), D, asked, torch.Generator().manual_seed(seed)))
                for seed in (1, 2)
            )
            if not torch.equal(weights(pair), again) or torch.equal(again, other):
                return "not reproducible, or the seed is dead"
            late = x.clone()
            late[200:] = 1 - late[200:]
            if torch.equal(
                weights(answer(late, D, asked, torch.Generator().manual_seed(1))), again
            ):
                return "rows beyond the two hundredth are not seen"
    finally:
        hook.remove()
    encoder, decoder = answer(x.clone(), 4, 300, torch.Generator().manual_seed(7))
    new = digits().test[:100]
    with torch.no_grad():
        bound = (
            vae_bound(
                encoder,
                decoder,
                new,
                torch.randn(64, 100, 4, generator=torch.Generator().manual_seed(1)),
            )
            .mean()
            .item()
        )
    return "" if bound > -21.5 else f"the bound is {bound:.1f}"


PROOFS: dict[str, Proof] = {
    "13_kl": by_value(
        lambda m, r: kl_divergence(Normal(m, r.exp()), Normal(torch.zeros_like(m), 1.0)),
        [
            (40 * draw(1, 3, 2), 3 * draw(2, 3, 2)),
            (draw(3, 2), torch.tensor([6.0, -8.0], dtype=f64)),
        ],
        1e-9,
        1e-9,
    ),
    "13_objective": all_of(
        *[
            by_gradient(vae_bound, vae_problem(loud, wild, batch))
            for loud, wild, batch in (
                (1.0, False, (3,)),
                (600.0, False, (3,)),
                (1.0, True, (3,)),
                (1.0, False, ()),
            )
        ]
    ),
    "13_train": trained,
    "13_likelihood": all_of(
        with_nets(images_and_noise, importance),
        with_nets(lambda e, d: images_and_noise(e, d)[:1], importance, wild=True),
    ),
    "13_active_units": with_nets(encoders, activities),
    "13_completion": with_nets(halves, completed),
    "13_linear": by_value(
        linear_vae,
        [
            (draw(1, 40, 5) @ draw(2, 5, 5) + 3, 3, 0.9),
            (draw(3, 250, 4) * torch.linspace(0.05, 2, 250, dtype=f64).unsqueeze(-1), 2, 0.3),
            (0.1 * draw(4, 60, 3), 2, 0.05),
            (draw(9, 50, 4), 4, 1.0),
        ],
        1e-8,
    ),
}
