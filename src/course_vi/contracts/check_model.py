"""Is a model what it says? Shapes, support, whose latents, how a minibatch is scaled, and Bayes' rule where there are exact answers."""

from __future__ import annotations

import torch
from torch import Tensor

from course_vi.contracts.report import Finding, Report
from course_vi.freezing import reachable
from course_vi.models.base import Model

__all__ = ["check_model"]


def check_model(p: Model, x: Tensor, z: Tensor | None = None, seed: int = 0) -> Report:
    r"""What can be asked of a joint density without knowing it. Exact but for rounding: no chance is involved beyond the draw of z.

    Asked: ``p.check(x)``; one number for each sample and datum; data of a local model do not see each other, so that latents that are
    shared are not called local; the parts of a minibatch, scaled by N/B, average to the whole; every parameter that log p reads is one of
    p's; and for exact answers Bayes' rule, :math:`\log p(x, z) - \log p(z \mid x) = \log p(x)` for every z.

    Args:
        x: data, ``(N, Dx)``, N of two or more (or one datum, of which less can be asked).
        z: latents to ask it at, ``(K, *B, D)``; by default standard normal, or the model's own draws where log p is not finite there.

    >>> from course_vi.models import ConjugateToy
    >>> check_model(ConjugateToy(), torch.tensor([[2.0], [0.5]])).ok
    True
    """
    findings: list[Finding] = []
    try:
        p.check(x)
    except (TypeError, ValueError) as error:
        return Report(type(p).__name__, [Finding("check(x)", False, str(error))])
    findings.append(Finding("check(x)", True, "the data are in the support"))
    batch = tuple(x.shape[:-1]) if p.local else ()
    if z is None:
        source = torch.Generator(device=x.device).manual_seed(seed)
        noise = torch.randn(2, 1, p.latent_dim, generator=source, device=x.device, dtype=x.dtype)
        z = noise.expand(2, max(1, len(batch) and batch[0]), p.latent_dim).reshape(
            2, *batch, p.latent_dim
        )
    try:
        value = p.log_joint(x, z)
    except ValueError as error:
        findings.append(
            Finding("log p(x, z)", False, f"{error}; give z where the latents are no real vectors")
        )
        return Report(type(p).__name__, findings)
    right = value.shape == z.shape[:-1]
    findings.append(
        Finding(
            "one number for each sample and datum",
            right,
            f"{tuple(value.shape)}, expected {tuple(z.shape[:-1])}",
        )
    )
    if not right:
        return Report(type(p).__name__, findings)
    findings.append(
        Finding(
            "log p is not NaN",
            not bool(value.isnan().any()),
            f"between {value.min().item():.4g} and {value.max().item():.4g}",
        )
    )
    if p.local and len(batch) == 1 and batch[0] > 1:
        alone = p.log_joint(x[:1], z[:, :1])
        off = (alone - value[:, :1]).abs().max().item()
        findings.append(
            Finding(
                "data with latents of their own do not see each other",
                off <= 1e-3 * (1 + value[:, :1].abs().max().item()),
                f"the first datum's log p changes by {off:.1e} when it is alone; where latents are shared, say local = False",
            )
        )
    if not p.local and x.dim() == 2 and len(x) > 1:
        findings.append(_scale(p, x, z, value))
    own = {id(parameter) for parameter in p.parameters()}
    strange = [leaf for leaf in reachable(value.sum()) if id(leaf) not in own]
    findings.append(
        Finding(
            "every parameter that log p reads is one of p's",
            not strange,
            ", ".join(f"a closed-over tensor {tuple(leaf.shape)}" for leaf in strange)
            or "none is closed over",
        )
    )
    findings.append(_bayes(p, x, z, value))
    return Report(type(p).__name__, findings)


def _scale(p: Model, x: Tensor, z: Tensor, value: Tensor) -> Finding:
    half = len(x) // 2
    first, second = x[:half], x[half : 2 * half]
    whole = p.log_joint(x[: 2 * half], z) if 2 * half < len(x) else value
    asked = "minibatches are scaled as likelihood_scale says"
    try:
        parts = (p.log_joint(first, z) + p.log_joint(second, z)) / 2
    except ValueError:
        return Finding(asked, None, "p takes all rows at once")
    told = p.likelihood_scale(first) / p.likelihood_scale(x[: 2 * half])
    off = (parts - whole).abs().max().item()
    scaled = off <= 1e-3 * (1 + whole.abs().max().item())
    if told == 1.0 and getattr(p, "num_data", None) is None:
        return Finding(
            asked, None, "p was not told num_data: it takes all rows, and fit refuses a minibatch"
        )
    return Finding(
        asked,
        scaled and abs(told - 2.0) < 1e-6,
        f"halves average to the whole within {off:.1e}; likelihood_scale grows by {told:g} for half of the rows, expected 2",
    )


def _bayes(p: Model, x: Tensor, z: Tensor, value: Tensor) -> Finding:
    asked = "Bayes' rule: log p(x, z) - log p(z | x) is log p(x)"
    try:
        off = (value - p.posterior(x).log_prob(z) - p.log_evidence(x)).abs().max().item()
    except (NotImplementedError, ValueError, TypeError):
        return Finding(asked, None, "p has no exact answers here")
    return Finding(asked, off <= 1e-3 * (1 + value.abs().max().item()), f"within {off:.1e}")
