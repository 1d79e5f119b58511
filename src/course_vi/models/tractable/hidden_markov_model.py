r"""The hidden Markov model: a chain of discrete states behind the data, summed out exactly in linear time."""

from __future__ import annotations

from copy import copy
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import DiscreteChain
from course_vi.distributions.chains import one_step
from course_vi.distributions.sampling import choose
from course_vi.models.base import Model
from course_vi.models.dynamics import Dynamics
from course_vi.models.tractable import markov_messages as messages
from course_vi.models.tractable.markov_messages import possible, with_infinity

__all__ = ["HiddenMarkovModel", "Marginals"]


class Marginals(NamedTuple):
    """p(z_t | x), ``states (*B, T, S)``, and p(z_t, z_{t+1} | x), ``pairs (*B, T-1, S, S)``: all that EM needs."""

    states: Tensor
    pairs: Tensor


class HiddenMarkovModel(Model):
    r"""A Markov chain seen through noise.

    .. math:: z_1 \sim \pi, \qquad z_t \mid z_{t-1} \sim A_{z_{t-1}\,\cdot}, \qquad x_t \mid z_t \sim B_{z_t\,\cdot}, \quad t = 1, \dots, T.

    A datum is one series: x holds T symbols and z holds T states, whole numbers from 0, stored as numbers of any dtype.

    .. math:: \alpha_t(j) = p(x_{1..t}, z_t = j),\; \beta_t(i) = p(x_{t+1..T} \mid z_t = i),\; p(z_t \mid x) \propto \alpha_t \beta_t

    are computed in log space: by an associative scan (some 2 log2 T rounds) for few states and series, :math:`S \le 16`, and else by a
    loop over the steps, :math:`S^2` work each. Both give the same numbers.

    ``seen`` says which data were seen, true or false, ``(T,)`` or ``(*B, T)``; what was not is not read, and may be NaN. A shorter series
    is one whose end was not seen; for a longer one there is ``of_length``.

    Args:
        initial: :math:`\pi`, ``(S,)``.
        transition: A, ``(S, S)``, row by row the next state's probabilities.
        emission: B, ``(S, V)``, row by row the symbols' probabilities.
        steps: T.

    Source: Rabiner, "A tutorial on hidden Markov models", Proceedings of the IEEE, 1989.

    >>> coin = torch.tensor([[0.5, 0.5], [0.9, 0.1]])                  # a fair coin and a loaded one, swapped now and then
    >>> hmm = HiddenMarkovModel(torch.tensor([0.5, 0.5]), torch.tensor([[0.9, 0.1], [0.1, 0.9]]), coin, steps=3)
    >>> hmm.marginals(torch.zeros(3)).states[:, 1]                     # three heads: probably the loaded one
    tensor([0.8026, 0.8203, 0.8026], grad_fn=<SelectBackward0>)
    """

    shown = ("states", "steps")

    def __init__(self, initial: Tensor, transition: Tensor, emission: Tensor, steps: int) -> None:
        super().__init__()
        validate.positive_integer("steps", steps)
        validate.floats(initial=initial, transition=transition)
        self.states = initial.shape[-1]
        self.steps = self.data_dim = self.latent_dim = steps
        self.initial_logits = nn.Parameter(_logits("initial", initial, (self.states,)))
        self.transition_logits = nn.Parameter(
            _logits("transition", transition, (self.states, self.states))
        )
        self._set_emission(emission)

    def _set_emission(self, emission: Tensor) -> None:
        validate.floats(emission=emission)
        self.emission_logits = nn.Parameter(
            _logits("emission", emission, (self.states, emission.shape[-1]))
        )

    def emission_log_prob(self, x: Tensor) -> Tensor:
        """log p(x_t | z_t = s) for every state, ``(*B, T, S)``."""
        symbols = validate.indices("x", x, self.emission_logits.shape[-1])
        return self.emission_logits.log_softmax(-1).mT[symbols]

    def emit(self, z: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """x_t ~ p(x_t | z_t) for states ``(n, T)``."""
        return choose(self.emission_logits.softmax(-1)[z], generator).to(self.emission_logits.dtype)

    def maximize_emission(self, x: Tensor, weights: Tensor) -> None:
        r"""The M-step of the emissions, in place: :math:`B_{sv} \propto \sum_{n,t} w_{nts} [x_{nt} = v]`.

        Args:
            x: ``(N, T)``.
            weights: how far each datum counts for each state, ``(N, T, S)``; no column adds up to zero.
        """
        symbols = torch.nn.functional.one_hot(x.long(), self.emission_logits.shape[-1]).to(weights)
        counts = torch.einsum("nts,ntv->sv", weights, symbols)
        self.emission_logits.copy_(counts.log() - counts.sum(-1, keepdim=True).log())

    def check_measurements(self, x: Tensor) -> None:
        """Refuse what no state emits."""
        validate.indices("x", x, self.emission_logits.shape[-1])

    def check(self, x: Tensor) -> None:
        """Refuse what no state emits, such as a symbol beyond the last, and what every model refuses."""
        super().check(x)
        self.check_measurements(x)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        states = validate.indices("z", z, self.states)
        seen = self.emission_log_prob(x)
        return {
            "initial": self.initial_logits.log_softmax(-1)[states[..., 0]],
            "transition": self.transition_logits.log_softmax(-1)[
                states[..., :-1], states[..., 1:]
            ].sum(-1),
            "emission": seen.expand(*states.shape, self.states)
            .gather(-1, states.unsqueeze(-1))
            .squeeze(-1)
            .sum(-1),
        }

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            initial, transition = (
                self.initial_logits.softmax(-1),
                self.transition_logits.softmax(-1),
            )
            states = [choose(initial.expand(n, -1), generator)]
            for _ in range(self.steps - 1):
                states.append(choose(transition[states[-1]], generator))
            z = torch.stack(states, -1)
            return self.emit(z, generator), z.to(self.initial_logits.dtype)

    def of_length(self, steps: int) -> Self:
        """This model of series of another length; the parameters are the same objects."""
        validate.positive_integer("steps", steps)
        other = copy(self)
        other.steps = other.latent_dim = steps
        other.data_dim = steps * (self.data_dim // self.steps)
        return other

    def evidence_terms(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """log p(x_t | z_t = s) where x was seen and 0 elsewhere, ``(*B, T, S)``; ``IMPOSSIBLE`` in the place of minus infinity."""
        if seen is None:
            self.check(x)
            return possible(self.emission_log_prob(x))
        validate.event_size("x", x, self.data_dim)
        self.same_place("x", x)
        validate.event_size("seen", seen, self.steps)
        size = self.data_dim // self.steps
        filled = torch.where(seen.bool().repeat_interleave(size, -1), x, torch.zeros_like(x))
        validate.finite("x", filled)
        terms = possible(self.emission_log_prob(filled))
        return torch.where(seen.bool().unsqueeze(-1), terms, torch.zeros_like(terms))

    def _start(self) -> Tensor:
        return possible(self.initial_logits.log_softmax(-1))

    def _moves(self) -> Tensor:
        return possible(self.transition_logits.log_softmax(-1))

    def _few(self, terms: Tensor) -> bool:
        """Is the scan's S^3 work for each step less than what a loop costs?"""
        series = terms.shape[:-2].numel()
        return self.states <= 16 and series * self.states**3 <= 2**15

    def _forward(self, terms: Tensor) -> Tensor:
        way = messages.forward_scan if self._few(terms) else messages.forward_loop
        return way(self._start(), self._moves(), terms)

    def _backward(self, terms: Tensor) -> Tensor:
        way = messages.backward_scan if self._few(terms) else messages.backward_loop
        return way(self._moves(), terms)

    def forward_messages(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        r""":math:`\log \alpha_t(j) = \log B_j(x_t) + \log \sum_i \alpha_{t-1}(i) A_{ij}`, ``(*B, T, S)``."""
        return with_infinity(self._forward(self.evidence_terms(x, seen)))

    def backward_messages(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        r""":math:`\log \beta_t(i) = \log \sum_j A_{ij} B_j(x_{t+1}) \beta_{t+1}(j)`, ``(*B, T, S)``; the last is zero."""
        return with_infinity(self._backward(self.evidence_terms(x, seen)))

    def log_evidence(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """log p(x), ``(*B)``, by the forward pass alone; differentiable."""
        terms = self.evidence_terms(x, seen)
        way = messages.evidence_scan if self._few(terms) else messages.evidence_loop
        return with_infinity(way(self._start(), self._moves(), terms))

    def marginals(self, x: Tensor, seen: Tensor | None = None) -> Marginals:
        """Forward and backward together: the posterior of each state and of each pair of neighbours."""
        terms = self.evidence_terms(x, seen)
        forward, backward = self._forward(terms), self._backward(terms)
        after = (terms + backward)[..., 1:, :].unsqueeze(-2)
        pairs = forward[..., :-1, :].unsqueeze(-1) + self._moves() + after
        return Marginals(
            (forward + backward).softmax(-1),
            pairs.flatten(-2).softmax(-1).unflatten(-1, (self.states, self.states)),
        )

    def posterior(self, x: Tensor, seen: Tensor | None = None) -> DiscreteChain:
        r"""p(z | x): again a Markov chain, :math:`p(z_t \mid z_{t-1}, x) \propto A_{z_{t-1} z_t} B_{z_t}(x_t) \beta_t(z_t)`."""
        terms = self.evidence_terms(x, seen)
        onward = terms + self._backward(terms)
        transition = self._moves() + onward[..., 1:, :].unsqueeze(-2)
        return DiscreteChain(self._start() + onward[..., 0, :], transition)

    def most_likely(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Viterbi: the sequence of states with the largest posterior probability, ``(*B, T)``, those of data not seen included."""
        with torch.no_grad():
            terms, transition = self.evidence_terms(x, seen).unbind(-2), self._moves()
            score, back = self._start() + terms[0], []
            for term in terms[1:]:
                best, origin = (score.unsqueeze(-1) + transition).max(-2)
                score = term + best
                back.append(origin)
            path = [score.argmax(-1)]
            for origin in back[::-1]:
                path.append(origin.gather(-1, path[-1].unsqueeze(-1)).squeeze(-1))
            return torch.stack(path[::-1], -1)

    def dynamics(self) -> Dynamics:
        """The same, a step at a time, for ``learning.particle_filter``."""

        def see(t: int, z: Tensor, x: Tensor) -> Tensor:
            every = self.emission_log_prob(x)[..., 0, :]  # (*B, S)
            return every.expand(*z.shape[:-1], self.states).gather(-1, z.long()).squeeze(-1)

        return Dynamics(
            self.steps,
            self.data_dim // self.steps,
            lambda: one_step(self.initial_logits),
            lambda t, previous: one_step(
                self.transition_logits.log_softmax(-1)[previous[..., 0].long()]
            ),
            see,
        )


def _logits(name: str, probabilities: Tensor, shape: tuple[int, ...]) -> Tensor:
    if probabilities.shape != shape:
        raise ValueError(f"{name} has shape {tuple(probabilities.shape)}; expected {shape}")
    if not bool((probabilities >= 0).all()) or not torch.allclose(
        probabilities.sum(-1), torch.ones_like(probabilities.sum(-1)), atol=1e-5
    ):
        raise ValueError(
            f"{name} has rows that are no probabilities; expected non-negative numbers that sum to one"
        )
    return probabilities.log()
