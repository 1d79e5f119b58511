r"""A directed graphical model is a recipe: each node says how to draw it, given its parents.

.. math:: p(v_1, \dots, v_n) = \prod_i p(v_i \mid \mathrm{parents}(v_i))

A node is a function from parents to a ``torch.distributions.Distribution``; the *names of its arguments* are its parents.
From that alone come ancestral samples, the joint density and its factors, Markov blankets, and a model of the course.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Size, Tensor, nn
from torch.distributions import Distribution

from course_vi import validate
from course_vi.distributions import draw, stream
from course_vi.graph.model import NetModel

__all__ = ["BayesNet", "Plate", "Replicated", "plate"]

Recipe = Callable[..., Distribution]


class Replicated(NamedTuple):
    """A recipe and the plates it lies in, outermost first."""

    recipe: Recipe
    plates: tuple[Plate, ...]


class Plate(NamedTuple):
    """``size`` copies of every node inside, independent of each other *given the parents outside*, and only given those."""

    name: str
    size: int

    def __call__(self, recipe: Recipe | Replicated) -> Replicated:
        """Put a node, or a node in a plate, into this plate."""
        inner = recipe if isinstance(recipe, Replicated) else Replicated(recipe, ())
        if self.name in [other.name for other in inner.plates]:
            raise ValueError(
                f"plate {self.name!r} holds a node twice; expected two plates with two names"
            )
        return Replicated(inner.recipe, (self, *inner.plates))


def plate(name: str, size: int) -> Plate:
    """A plate; call it with a recipe: ``theta=groups(lambda mu: Normal(mu, 1.0))``."""
    validate.positive_integer("size", size)
    return Plate(name, size)


class BayesNet:
    r"""A Bayesian network with named nodes.

    Values have shape ``(*B, *plates, *event)``: any batch, then one axis for each plate, then what the distribution has in
    shape beyond those. A parent arrives with the child's plates as its axes, of size one where the parent lies outside; so it
    broadcasts. Axes of plates that only the parent lies in come after those.

    Args:
        nodes: recipes by name, in any order. Arguments with a default are constants, not parents. A recipe may be an
            ``nn.Module`` (its ``forward`` names the parents); its parameters are then those of ``as_model``.

    Raises:
        ValueError: an unknown parent, a cycle, or a recipe whose shapes do not follow the batch of its parents.

    >>> from torch.distributions import Normal
    >>> net = BayesNet(z=lambda: Normal(0.0, 1.0), x=lambda z: Normal(z, 1.0))
    >>> net.parents["x"], net.markov_blanket("z")
    (('z',), ('x',))
    >>> net.log_joint(z=torch.zeros(5), x=torch.zeros(5)).shape
    torch.Size([5])
    >>> BayesNet(x=lambda w: Normal(w, 1.0))
    Traceback (most recent call last):
    ...
    ValueError: node x has a parent w, which is no node; expected one of x
    """

    def __init__(self, **nodes: Recipe | Replicated) -> None:
        if not nodes:
            raise ValueError("a BayesNet has no nodes; expected at least one, as name=recipe")
        wrapped = {
            name: node if isinstance(node, Replicated) else Replicated(node, ())
            for name, node in nodes.items()
        }
        self.recipes = {name: node.recipe for name, node in wrapped.items()}
        self.plates = {name: node.plates for name, node in wrapped.items()}
        sizes: dict[str, int] = {}
        for p in (p for plates in self.plates.values() for p in plates):
            if sizes.setdefault(p.name, p.size) != p.size:
                raise ValueError(
                    f"plate {p.name!r} has sizes {sizes[p.name]} and {p.size}; expected one size, or two names"
                )
        self.parents = {
            name: _arguments(name, recipe, tuple(nodes)) for name, recipe in self.recipes.items()
        }
        self.order = _topological(self.parents)
        self.observed: dict[str, Tensor] = {}
        self.event_shapes: dict[str, Size] = {}
        self.inner_axes: dict[
            str, int
        ] = {}  # event axes that the distribution itself calls a batch
        with stream(torch.Generator().manual_seed(0)), torch.no_grad():
            self.dtypes = {
                name: value.dtype for name, value in self._draw(Size(), learn=True).items()
            }
            self._draw(
                Size([127])
            )  # a batch that no event has by accident: does every recipe follow it?

    def __repr__(self) -> str:
        factors = (
            f"{name} | {', '.join(self.parents[name])}" if self.parents[name] else name
            for name in self.order
        )
        return f"BayesNet({'; '.join(factors)})"

    def children(self, name: str) -> tuple[str, ...]:
        """The nodes that ``name`` is a parent of."""
        self._known([name])
        return tuple(child for child in self.order if name in self.parents[child])

    def shape(self, name: str) -> Size:
        """``(*plates, *event)``, what one value of the node has in shape."""
        return Size([*(p.size for p in self.plates[name]), *self.event_shapes[name]])

    def markov_blanket(self, name: str) -> tuple[str, ...]:
        """Parents, children and the children's other parents: given these, the node is independent of all the rest."""
        children = self.children(name)
        blanket = {
            *self.parents[name],
            *children,
            *(parent for child in children for parent in self.parents[child]),
        } - {name}
        return tuple(other for other in self.order if other in blanket)

    def condition(self, **observed: Tensor) -> BayesNet:
        """The same net with some nodes held at values ``(*B, *plates, *event)``."""
        self._check(observed)
        net = copy.copy(self)
        net.observed = {**self.observed, **observed}
        return net

    def sample(self, n: int, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """Ancestral sampling, parents before children: ``{name: (n, *plates, *event)}``.

        Observed nodes keep their values; what lies above them is drawn as if nothing were known. So these are no draws from
        the posterior, but weighted by the factors of the observed nodes they become so (likelihood weighting).
        """
        validate.positive_integer("n", n)
        for name, value in self.observed.items():
            if value.shape != self.shape(name):
                raise ValueError(
                    f"{name} is held at a batch of values, {tuple(value.shape)}; expected one, {tuple(self.shape(name))}"
                )
        with stream(generator), torch.no_grad():
            return self._draw(Size([n]))

    def log_factors(self, **values: Tensor) -> dict[str, Tensor]:
        """log p(v | parents) for each node, ``(*B)``, summed over plates and events. Observed nodes need no value."""
        self._check(values)
        everything = {**self.observed, **values}
        missing = [name for name in self.order if name not in everything]
        if missing:
            raise ValueError(
                f"there is no value for {', '.join(missing)}; expected one for every node that is not observed"
            )
        factors = {}
        for name in self.order:
            try:
                log_p = self.distribution(name, everything).log_prob(everything[name])
            except ValueError as error:
                raise ValueError(f"node {name}: {error}") from error
            inner = self.inner_axes[name] + len(self.plates[name])
            factors[name] = log_p.flatten(-inner).sum(-1) if inner else log_p
        return factors

    def log_joint(self, **values: Tensor) -> Tensor:
        """log p of all nodes at once, ``(*B)``: the sum of the factors."""
        factors = list(self.log_factors(**values).values())
        return sum(factors[1:], start=factors[0])

    def as_model(self, observed: Sequence[str], latent: Sequence[str]) -> NetModel:
        """A model of the course: x and z are the named nodes, flattened and side by side in the order given."""
        return NetModel(self, observed, latent)

    def distribution(self, name: str, values: dict[str, Tensor]) -> Distribution:
        """p(name | parents), a batch of it for the batch of ``values``."""
        density = self.recipes[name](
            **{parent: self.aligned(name, parent, values[parent]) for parent in self.parents[name]}
        )
        if not isinstance(density, Distribution):
            raise TypeError(
                f"node {name} returned a {type(density).__name__}; expected a torch.distributions.Distribution"
            )
        return density

    def aligned(self, child: str, parent: str, value: Tensor) -> Tensor:
        """``(*B, plates of the parent, event)`` as ``(*B, plates of the child, other plates of the parent, event)``."""
        own, wanted = self.plates[parent], self.plates[child]
        batch = value.dim() - len(self.shape(parent))
        inside, outside = [p for p in wanted if p in own], [p for p in own if p not in wanted]
        axes = [
            *range(batch),
            *(batch + own.index(p) for p in inside + outside),
            *range(batch + len(own), value.dim()),
        ]
        value = value.permute(axes)
        for i, p in enumerate(wanted):
            value = value if p in own else value.unsqueeze(batch + i)
        return value

    def _draw(self, batch: Size, learn: bool = False) -> dict[str, Tensor]:
        """Values ``(*B, *plates, *event)``, parents first. The first draw, of a single value, learns the shapes of the events."""
        values: dict[str, Tensor] = {}
        for name in self.order:
            if name in self.observed:
                values[name] = self.observed[name].expand(*batch, *self.shape(name))
                continue
            try:
                density = self.distribution(name, values)
                sizes, found = [p.size for p in self.plates[name]], density.batch_shape
                if learn:
                    self.inner_axes[name] = max(0, len(found) - len(sizes))
                    self.event_shapes[name] = Size([*found[len(sizes) :], *density.event_shape])
                values[name] = draw(
                    density,
                    Size([*batch, *sizes, *self.event_shapes[name][: self.inner_axes[name]]]),
                )
            except (RuntimeError, ValueError) as error:
                raise ValueError(
                    f"node {name} fails for parents with a batch {tuple(batch)}: {error}"
                ) from error
        return values

    def _check(self, values: dict[str, Tensor]) -> None:
        self._known(values)
        for name, value in values.items():
            if not isinstance(value, Tensor):
                raise TypeError(f"{name} is a {type(value).__name__}; expected a torch.Tensor")
            event = self.shape(name)
            if value.shape[value.dim() - len(event) :] != event or value.dim() < len(event):
                raise ValueError(
                    f"{name} has shape {tuple(value.shape)}; expected its last axes to be {tuple(event)}"
                )

    def _known(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.recipes:
                raise ValueError(
                    f"there is no node {name}; expected one of {', '.join(self.recipes)}"
                )


def _arguments(name: str, recipe: Recipe, nodes: tuple[str, ...]) -> tuple[str, ...]:
    """The parents that a recipe asks for by name."""
    if not callable(recipe):
        raise TypeError(
            f"node {name} is a {type(recipe).__name__}; expected a function of its parents"
        )
    function = recipe.forward if isinstance(recipe, nn.Module) else recipe
    parents = []
    for argument in inspect.signature(function).parameters.values():
        if argument.kind in (
            argument.VAR_POSITIONAL,
            argument.VAR_KEYWORD,
            argument.POSITIONAL_ONLY,
        ):
            raise ValueError(
                f"node {name} has an argument {argument}, which names no parent; expected the name of a node"
            )
        if argument.default is not argument.empty:
            continue
        if argument.name not in nodes:
            raise ValueError(
                f"node {name} has a parent {argument.name}, which is no node; expected one of {', '.join(nodes)}"
            )
        parents.append(argument.name)
    return tuple(parents)


def _topological(parents: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Parents before children, otherwise in the order given."""
    order: list[str] = []

    def visit(name: str, road: tuple[str, ...]) -> None:
        if name in road:
            circle = [*road[road.index(name) :], name][::-1]
            raise ValueError(
                f"{' -> '.join(circle)} is a cycle; expected a directed graph without one"
            )
        if name not in order:
            for parent in parents[name]:
                visit(parent, (*road, name))
            order.append(name)

    for name in parents:
        visit(name, ())
    return tuple(order)
