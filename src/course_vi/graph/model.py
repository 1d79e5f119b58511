"""A Bayesian network as a model of the course: some nodes are the data x, the others are the latents z."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Size, Tensor, nn
from torch.distributions import Categorical, Distribution, Independent

from course_vi.freezing import reachable
from course_vi.models.base import Model
from course_vi.models.one_hot import IMPOSSIBLE

__all__ = ["NetModel", "Network"]


class Network(Protocol):
    """What is read of a ``BayesNet``."""

    order: tuple[str, ...]
    recipes: dict[str, Callable[..., Distribution]]
    parents: dict[str, tuple[str, ...]]
    plates: dict[str, Any]
    observed: dict[str, Tensor]
    inner_axes: dict[str, int]
    dtypes: dict[str, torch.dtype]

    def shape(self, name: str) -> Size:
        """``(*plates, *event)``."""

    def distribution(self, name: str, values: dict[str, Tensor]) -> Distribution:
        """p(name | parents)."""

    def aligned(self, child: str, parent: str, value: Tensor) -> Tensor:
        """A parent's value with the child's plates as its axes."""

    def sample(self, n: int, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """Ancestral sampling."""

    def log_factors(self, **values: Tensor) -> dict[str, Tensor]:
        """log p(v | parents) for each node."""


class NetModel(Model):
    r"""Event vectors for named nodes: :math:`\log p(x, z) = \sum_i \log p(v_i \mid \mathrm{parents}(v_i))`.

    Every node, with its plates and its event, is flattened; x holds the observed nodes side by side and z the latent ones, in
    the order given. Plates are inside a datum; the batch axis of x counts independent copies of the whole graph. Recipes that
    are ``nn.Module`` bring their parameters along.

    Args:
        net: a ``graph.BayesNet`` (made by its ``as_model``). Nodes it is conditioned on stay as they are.
        observed, latent: every other node in one of the two.

    Raises:
        ValueError: a node named twice or not at all; when fitted, a recipe that reads a learned parameter which belongs to no module.

    >>> from torch.distributions import Normal
    >>> from course_vi.graph import BayesNet
    >>> model = BayesNet(z=lambda: Normal(0.0, 1.0), x=lambda z: Normal(z, 1.0)).as_model(observed=["x"], latent=["z"])
    >>> model.log_joint(torch.zeros(4, 1), torch.zeros(7, 4, 1)).shape
    torch.Size([7, 4])
    """

    def __init__(self, net: Network, observed: Sequence[str], latent: Sequence[str]) -> None:
        super().__init__()
        names = [*observed, *latent]
        free = [name for name in net.order if name not in net.observed]
        if isinstance(observed, str) or isinstance(latent, str):
            raise TypeError(
                f"observed is {observed!r} and latent is {latent!r}; expected two lists of names"
            )
        if sorted(names) != sorted(free):
            raise ValueError(
                f"observed and latent name {', '.join(names)}; expected each of {', '.join(free)} once"
            )
        self.net, self.observed, self.latent = net, tuple(observed), tuple(latent)
        self.data_dim, self.latent_dim = (
            sum(net.shape(name).numel() for name in group) for group in (observed, latent)
        )
        self.shown = ("observed", "latent")
        self.learned = nn.ModuleList(
            recipe for recipe in net.recipes.values() if isinstance(recipe, nn.Module)
        )

    def _refuse_parameters_of_nobody(self) -> None:
        """A parameter that a recipe closes over would be learned by no ``fit``, moved by no ``to`` and frozen by no estimator."""
        own = {id(parameter) for parameter in self.parameters()}
        values = self.net.sample(1, torch.Generator(device=self.unit.device).manual_seed(0))
        for name in self.net.order:
            with torch.enable_grad():
                log_p = self.net.distribution(name, values).log_prob(values[name])
            if any(id(leaf) not in own for leaf in reachable(log_p)):
                raise ValueError(
                    f"node {name} reads a parameter that no module of the net owns; expected an nn.Module as its recipe, or a constant "
                    "(detach it)"
                )

    def check(self, x: Tensor) -> None:
        """Refuse values that no node takes, where its support does not move with its parents, and what every model refuses.

        So is a recipe that reads a learned parameter which belongs to no module of the net.
        """
        super().check(x)
        self._refuse_parameters_of_nobody()
        source = torch.Generator(device=self.unit.device).manual_seed(0)
        seen, start = self.unpack(x, self.observed), 0
        values = {**self.net.sample(1, source), **seen}
        for name in self.observed:
            size = self.net.shape(name).numel()
            support, part = (
                self.net.distribution(name, values).support,
                x[..., start : start + size],
            )
            if (
                support is not None
                and _stands_still(support)
                and not bool(
                    torch.as_tensor(support.check(seen[name])).all()
                    and (part == seen[name].reshape(part.shape)).all()
                )
            ):
                raise ValueError(
                    f"x has values of node {name!r} outside its support; expected {support}"
                )
            start += size

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        """log p(v | parents) by the name of the node, ``(K, *B)`` each."""
        factors = self.net.log_factors(
            **self.unpack(x, self.observed), **self.unpack(z, self.latent)
        )
        shape = torch.broadcast_shapes(x.shape[:-1], z.shape[:-1])
        return {name: factor.expand(shape) for name, factor in factors.items()}

    @functools.cached_property
    def categories(self) -> tuple[int, ...]:
        """How many values each entry of z takes: those of a ``Categorical`` node, and 1 for each entry of any other."""
        values = self.net.sample(2, torch.Generator().manual_seed(0))
        found: list[int] = []
        for name in self.latent:
            density = self.net.distribution(name, values)
            while isinstance(density, Independent):
                density = density.base_dist
            count = density.logits.shape[-1] if isinstance(density, Categorical) else 1
            found += [count] * self.net.shape(name).numel()
        return tuple(found) if set(found) != {1} else ()

    def relaxed_log_joint(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x, z) with ``Categorical`` latents written one-hot, hard or soft: each factor linear in every one-hot vector it reads.

        Raises:
            NotImplementedError: a node that reads several copies of a categorical parent at once, out of a plate.
        """
        values, one_hot, start = {**self.net.observed, **self.unpack(x, self.observed)}, {}, 0
        sizes, entry = self.categories, 0
        for name in self.latent:
            shape = self.net.shape(name)
            count, numel = sizes[entry], shape.numel()
            part = z[..., start : start + numel * count]
            entry, start = entry + numel, start + numel * count
            if count == 1:
                values |= {name: part.reshape(*part.shape[:-1], *shape)}
            else:
                one_hot[name] = part.reshape(*part.shape[:-1], *shape, count)
        total = z.new_zeros(())
        for name in self.net.order:
            soft = [node for node in (name, *self.net.parents[name]) if node in one_hot]
            for states in itertools.product(*(range(one_hot[node].shape[-1]) for node in soft)):
                held = {
                    node: torch.full_like(one_hot[node][..., 0], state, dtype=self.net.dtypes[node])
                    for node, state in zip(soft, states, strict=True)
                }
                now = {**values, **held}
                density, inner = self.net.distribution(name, now), self.net.inner_axes[name]
                while soft and isinstance(density, Independent):
                    inner += density.reinterpreted_batch_ndims
                    density = density.base_dist
                log_p = density.log_prob(now[name])
                for node, state in zip(soft, states, strict=True):
                    weight = self._weight(name, node, one_hot[node][..., state], inner)
                    log_p = log_p.clamp_min(IMPOSSIBLE) * weight
                inner += len(self.net.plates[name])
                total = total + (log_p.flatten(-inner).sum(-1) if inner else log_p)
        return total.expand(torch.broadcast_shapes(x.shape[:-1], z.shape[:-1]))

    def _weight(self, child: str, node: str, weight: Tensor, inner: int) -> Tensor:
        """A one-hot entry of a node ``(*B, *plates, *event)`` beside the log density of its child, ``(*B, plates of the child, inner)``."""
        if node == child:
            return weight
        inside = [p for p in self.net.plates[node] if p in self.net.plates[child]]
        if len(inside) != len(self.net.shape(node)):
            raise NotImplementedError(
                f"node {child} reads several copies of {node} at once; expected one for each copy of {child}: between the states "
                "the joint has no short form. Use the score function, with a baseline"
            )
        aligned = self.net.aligned(child, node, weight)
        return aligned.reshape(*aligned.shape, *(1,) * inner)

    def factor_scopes(self) -> dict[str, tuple[int, ...]]:
        """Which entries of z each factor reads: node v's factor reads v and its parents."""
        entries, start = {}, 0
        for name in self.latent:
            size = self.net.shape(name).numel()
            entries[name] = tuple(range(start, start + size))
            start += size
        return {
            name: tuple(
                sorted(i for node in (name, *self.net.parents[name]) for i in entries.get(node, ()))
            )
            for name in self.net.order
        }

    def local_factors(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """The factors with all plates taken apart, ``(K, *B, F)``, and which entries of z each one reads, zeros and ones ``(F, D)``.

        A node in plates has a factor for each of its copies, which reads the copies of its parents that lie in the same places. So the
        column of a latent is its Markov blanket, copy by copy.

        >>> from torch.distributions import Normal
        >>> from course_vi.graph import BayesNet, plate
        >>> pair = plate("pair", 2)
        >>> net = BayesNet(m=lambda: Normal(0.0, 1.0), z=pair(lambda m: Normal(m, 1.0)), x=pair(lambda z: Normal(z, 1.0)))
        >>> net.as_model(observed=["x"], latent=["m", "z"]).local_factors(torch.zeros(2), torch.zeros(7, 3))[1]
        tensor([[1., 0., 0.],
                [1., 1., 0.],
                [1., 0., 1.],
                [0., 1., 0.],
                [0., 0., 1.]])
        """
        values = {
            **self.net.observed,
            **self.unpack(x, self.observed),
            **self.unpack(z, self.latent),
        }
        entries = self.unpack(torch.arange(self.latent_dim, dtype=torch.float64), self.latent)
        batch = torch.broadcast_shapes(x.shape[:-1], z.shape[:-1])
        factors, reads = [], []
        for name in self.net.order:
            found = [
                self.net.aligned(name, node, entries[node])
                for node in (name, *self.net.parents[name])
                if node in entries
            ]
            sizes = [p.size for p in self.net.plates[name]]
            log_p = self.net.distribution(name, values).log_prob(values[name])
            log_p = (
                log_p.flatten(-self.net.inner_axes[name]).sum(-1)
                if self.net.inner_axes[name]
                else log_p
            )
            factors.append(log_p.expand([*batch, *sizes]).reshape(*batch, -1))
            mask = z.new_zeros(factors[-1].shape[-1], self.latent_dim)
            for index in found:
                index = (
                    index.expand([*sizes, *index.shape[len(sizes) :]]).reshape(len(mask), -1).long()
                )
                mask.scatter_(1, index.to(mask.device), 1.0)
            reads.append(mask)
        return torch.cat(factors, -1), torch.cat(reads)

    def unpack(self, vector: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
        """``(*B, D)`` as ``{name: (*B, *plates, *event)}``; whole-number nodes are whole numbers again."""
        shapes = [self.net.shape(name) for name in names]
        parts = vector.split([shape.numel() for shape in shapes], -1)
        values = {}
        for name, shape, part in zip(names, shapes, parts, strict=True):
            value = part.reshape((*part.shape[:-1], *shape))
            values[name] = (
                value
                if self.net.dtypes[name].is_floating_point
                else value.to(self.net.dtypes[name])
            )
        return values

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        values = self.net.sample(n, generator)
        x, z = (self._pack(values, n, names) for names in (self.observed, self.latent))
        return x, z

    def _pack(self, values: dict[str, Tensor], n: int, names: Sequence[str]) -> Tensor:
        floats = [value.dtype for value in values.values() if value.is_floating_point()]
        dtype = torch.promote_types(floats[0], self.unit.dtype) if floats else self.unit.dtype
        return torch.cat(
            [values[name].reshape(n, -1).to(self.unit.device, dtype) for name in names], -1
        )


def _stands_still(support: Any) -> bool:
    """Whether a constraint is the same whatever the parents are: no tensor in it."""
    inner = vars(support).values()
    return not any(
        isinstance(v, Tensor) or (hasattr(v, "check") and not _stands_still(v)) for v in inner
    )
