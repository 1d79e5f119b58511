"""What ``fit`` asks once, of what it was handed and of its first estimate, before anything is changed."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_vi.contracts.check_frozen import check_frozen
from course_vi.contracts.check_round_trip import check_round_trip
from course_vi.families.base import Family, batch_shape
from course_vi.freezing import reachable
from course_vi.models.base import Model

__all__ = ["refuse_broken", "refuse_strangers", "refuse_unowned"]

DRAWS, TOLERANCE = (
    64,
    0.1,
)  # nats; rounding in single precision stays far below, a forgotten term far above
MOST_LATENTS = 32  # the change of variables takes a backward pass for each


def refuse_broken(q: Family, x: Tensor, local: bool = True) -> None:
    """Refuse a family whose frozen density is not frozen, or whose log q is not the density of its samples.

    The second is asked where q maps noise of its own size to z, up to 32 latents, at 64 draws for the first datum.

    Args:
        x: the data, ``(*B, Dx)``.
        local: whether each row of x has latents of its own, as ``p.local`` says.

    Raises:
        ValueError: what was asked and what was found, in a sentence.

    >>> from course_vi.families import MeanField
    >>> class Forgetful(MeanField):
    ...     def frozen_log_prob(self, z, x=None, distribution=None):
    ...         return self(x, z)
    >>> refuse_broken(Forgetful(1), torch.zeros(1))
    Traceback (most recent call last):
    ...
    ValueError: q is a Forgetful, of which this does not hold: no parameter is reachable from the frozen density but through z \
(found: loc, log_scale); expected a family that passes diagnostics.check_frozen
    """
    source = torch.Generator(device=x.device).manual_seed(0)
    reports = {"check_frozen": check_frozen(q, x, 1, source, local)}
    if q.dim <= MOST_LATENTS and q.noise_dim:
        datum = x.reshape(-1, x.shape[-1])[:1] if local else x
        reports["check_round_trip"] = check_round_trip(q, datum, DRAWS, source, TOLERANCE, local)
    for name, report in reports.items():
        for fault in report.faults:
            raise ValueError(
                f"q is a {type(q).__name__}, of which this does not hold: {fault.asked} (found: {fault.found}); "
                f"expected a family that passes diagnostics.{name}"
            )


def refuse_strangers(p: Model, q: Family, x: Tensor, estimate: Tensor, *others: nn.Module) -> None:
    """Refuse densities, and an estimate, that read a tensor which requires a gradient and is nobody's: see ``refuse_unowned``.

    Args:
        p, q, x: as for an estimator; the densities are asked at one draw.
        estimate: the estimator's value. Only an ``nn.Parameter`` is held against it: ``Rebar`` makes leaves of its own.
        others: modules that may own what is read, such as the estimator.
    """
    for leaf in _unowned(estimate, (p, q, *others)):
        if isinstance(leaf, nn.Parameter):
            raise _nobodys("the estimate", leaf)
    source = torch.Generator(device=x.device).manual_seed(0)
    try:
        z = q.draw((1, *batch_shape(q, x, p.local)), source, x)
    except (NotImplementedError, TypeError):
        return  # expectations alone, such as ``learning.DDC``: no density to ask
    refuse_unowned("log p(x, z)", lambda: p.log_joint(x, z), p, q, *others)
    _refuse_shared(p, x, z)
    refuse_unowned("log q(z | x)", lambda: q(x, z), p, q, *others)


@torch.no_grad()
def _refuse_shared(p: Model, x: Tensor, z: Tensor) -> None:
    """Refuse a model whose rows see each other, and that does not say that they share their latents."""
    if not p.local or x.dim() != 2 or len(x) < 2:
        return
    among, alone = p.log_joint(x, z)[0, 0], p.log_joint(x[:1], z[:, :1])[0, 0]
    if bool((among - alone).abs() > 1e-3 * (1 + among.abs())):
        raise ValueError(
            f"log p(x, z) of the first row is {among.item():g} among the others and {alone.item():g} alone; expected the same, for a datum "
            f"with latents of its own. If the rows share their latents, say local = False in {type(p).__name__}"
        )


def refuse_unowned(reader: str, value: Callable[[], Tensor], *owners: nn.Module) -> None:
    """Refuse a value that reads a tensor which requires a gradient and is no module's: it would not be learned, without a word.

    A leaf that the computation makes itself is another one at the next call, so it is let through.

    Args:
        reader: what the value is called.
        value: computes it.
        owners: whose parameters it may read.

    Raises:
        ValueError: who reads the tensor, and its shape.

    >>> weight = torch.ones(3, requires_grad=True)
    >>> refuse_unowned("log p(x)", lambda: (2 * weight).sum(), nn.Linear(1, 1))
    Traceback (most recent call last):
    ...
    ValueError: log p(x) reads a tensor of shape (3,) that requires a gradient and is a parameter of no module that is learned; \
expected self.weight = nn.Parameter(...) in the module that reads it, or weight.detach()
    """
    with torch.enable_grad():
        strange = _unowned(value(), owners)
        lasting = {id(leaf) for leaf in reachable(value())} if strange else set()
    for leaf in strange:
        if id(leaf) in lasting:
            raise _nobodys(reader, leaf)


def _unowned(value: Tensor, owners: tuple[nn.Module, ...]) -> list[Tensor]:
    own = {id(parameter) for module in owners for parameter in module.parameters()}
    return [leaf for leaf in reachable(value) if id(leaf) not in own]


def _nobodys(reader: str, leaf: Tensor) -> ValueError:
    return ValueError(
        f"{reader} reads a tensor of shape {tuple(leaf.shape)} that requires a gradient and is a parameter of no module that is learned; "
        "expected self.weight = nn.Parameter(...) in the module that reads it, or weight.detach()"
    )
