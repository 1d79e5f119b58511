r"""The deep Markov model: a state space model whose moves and measurements are nets."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import DiagonalNormal
from course_vi.models.base import Model
from course_vi.models.deep.outputs import output
from course_vi.models.dynamics import Dynamics
from course_vi.nets import mlp

__all__ = ["DeepMarkovModel"]


class DeepMarkovModel(Model):
    r"""A hidden state that moves by a net, with noise, and is seen through another.

    .. math:: z_1 \sim N(m, \mathrm{diag}\, s^2), \qquad
              z_t \mid z_{t-1} \sim N\big(f_\theta(z_{t-1}), \mathrm{diag}\, \sigma_\theta^2(z_{t-1})\big), \qquad
              x_t \mid z_t \sim p\big(x; g_\theta(z_t)\big)

    **The noise of every move has to be inferred.** The posterior is a chain again,
    :math:`p(z \mid x) = p(z_1 \mid x_{1..T}) \prod_t p(z_t \mid z_{t-1}, x_{t..T})`, each factor of which reads all data to come. A family
    that infers z_1 and leaves the moves to the model, :math:`q(z_t \mid z_{t-1}) = p_\theta(z_t \mid z_{t-1})`, never lets the data correct
    the state; its gap grows with T. ``families.markov_posterior`` has the right form.

    A datum is one series of T steps: the event of x is ``(T * p,)``, step after step, that of z ``(T * d,)``. With affine nets and
    constant scales this is ``LinearGaussianSSM`` with diagonal covariances.

    Args:
        steps, point_dim, state_dim: T, p and d.
        hidden: units of the hidden layers; 0 for none.
        generator: draws the initial weights.
        likelihood, scale: of the measurements, see ``outputs.output``.
        transition: a net from z to the 2 d numbers (means, log scales) of the next, in place of the usual one.
        emission: a net from z to the output's numbers, in place of the usual one.

    Source: Krishnan, Shalit and Sontag, "Structured inference networks for nonlinear state space models", AAAI 2017.

    >>> model = DeepMarkovModel(steps=6, point_dim=3, state_dim=2)
    >>> model.log_joint(torch.zeros(5, 18), torch.zeros(7, 5, 12)).shape
    torch.Size([7, 5])
    """

    shown = ("steps",)

    def __init__(
        self,
        steps: int,
        point_dim: int,
        state_dim: int,
        hidden: int = 32,
        generator: torch.Generator | None = None,
        *,
        likelihood: str = "gaussian",
        scale: str | float = "shared",
        transition: nn.Module | None = None,
        emission: nn.Module | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("steps", steps), ("point_dim", point_dim), ("state_dim", state_dim)):
            validate.positive_integer(name, value)
        self.steps, self.point_dim, self.state_dim = steps, point_dim, state_dim
        self.data_dim, self.latent_dim = steps * point_dim, steps * state_dim
        self.output = output(likelihood, point_dim, scale)
        self.transition = (
            mlp(state_dim, hidden, 2 * state_dim, generator) if transition is None else transition
        )
        self.emission = (
            mlp(state_dim, hidden, self.output.width, generator) if emission is None else emission
        )
        self.initial_loc, self.initial_log_scale = (
            nn.Parameter(torch.zeros(state_dim)) for _ in range(2)
        )

    def move(self, z: Tensor) -> DiagonalNormal:
        """p(z_t | z_{t-1}) for ``z: (*, d)``."""
        validate.event_size("z", z, self.state_dim)
        return DiagonalNormal(*self.transition(z).chunk(2, -1))

    def check(self, x: Tensor) -> None:
        """Refuse pixels outside the support of the output, and what every model refuses."""
        super().check(x)
        self.output.check("x", x)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        x, z = (
            x.unflatten(-1, (self.steps, self.point_dim)),
            z.unflatten(-1, (self.steps, self.state_dim)),
        )
        return {
            "initial": DiagonalNormal(self.initial_loc, self.initial_log_scale).log_prob(
                z[..., 0, :]
            ),
            "transition": self.move(z[..., :-1, :]).log_prob(z[..., 1:, :]).sum(-1),
            "emission": self.output.log_prob(self.emission(z), x).sum(-1),
        }

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        like = self.initial_loc.detach()
        noise = torch.randn(
            n, self.steps, self.state_dim, generator=generator, dtype=like.dtype, device=like.device
        )
        with torch.no_grad():
            states = [self.initial_loc + self.initial_log_scale.exp() * noise[:, 0]]
            for t in range(1, self.steps):
                states.append(self.move(states[-1]).transport(noise[:, t]))
            z = torch.stack(states, 1)
            return self.output.draw(self.emission(z), generator).flatten(1), z.flatten(1)

    def dynamics(self) -> Dynamics:
        """The same, a step at a time, for ``learning.particle_filter``."""
        return Dynamics(
            self.steps,
            self.point_dim,
            lambda: DiagonalNormal(self.initial_loc, self.initial_log_scale),
            lambda t, previous: self.move(previous),
            lambda t, z, x: self.output.log_prob(self.emission(z), x),
        )
