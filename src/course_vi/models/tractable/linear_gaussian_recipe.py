r"""What a linear Gaussian state space model is made of, and how it draws: all of it but the exact answers."""

from __future__ import annotations

from copy import copy
from typing import Self

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import CholeskyNormal
from course_vi.models.base import Model
from course_vi.models.dynamics import Dynamics
from course_vi.models.tractable.state_space_parts import covariance_root, density_root, each_step

__all__ = ["LinearGaussianRecipe"]


class LinearGaussianRecipe(Model):
    """Parts, joint density and sampler of ``LinearGaussianSSM``, which says what each argument is."""

    shown = ("steps",)
    inputs: Tensor | None
    diffuse: Tensor | None
    transition_inputs: nn.Parameter | None
    emission_inputs: nn.Parameter | None

    def __init__(
        self,
        transition: Tensor,
        emission: Tensor,
        transition_cov: Tensor,
        emission_cov: Tensor,
        initial_loc: Tensor,
        initial_cov: Tensor,
        steps: int,
        inputs: Tensor | None = None,
        transition_inputs: Tensor | None = None,
        emission_inputs: Tensor | None = None,
        diffuse: Tensor | None = None,
    ) -> None:
        super().__init__()
        validate.positive_integer("steps", steps)
        if not isinstance(emission, Tensor):
            raise TypeError(f"emission is {emission!r}; expected a tensor (p, d)")
        if emission.dim() not in (2, 3):
            raise ValueError(f"emission has shape {tuple(emission.shape)}; expected (p, d)")
        self.p, self.d = p, d = emission.shape[-2:]
        self.steps, self.data_dim, self.latent_dim = steps, steps * p, steps * d
        self.transition = nn.Parameter(each_step("transition", transition, (d, d), steps - 1))
        self.emission = nn.Parameter(each_step("emission", emission, (p, d), steps))
        self.initial_loc = nn.Parameter(each_step("initial_loc", initial_loc, (d,)))
        self.transition_root = nn.Parameter(
            covariance_root("transition_cov", transition_cov, d, steps - 1)
        )
        self.emission_root = nn.Parameter(covariance_root("emission_cov", emission_cov, p, steps))
        self.initial_root = nn.Parameter(covariance_root("initial_cov", initial_cov, d))
        k = 0 if inputs is None else inputs.shape[-1]
        self.register_buffer(
            "inputs", None if inputs is None else each_step("inputs", inputs, (steps, k))
        )
        for name, weights, size in (
            ("transition_inputs", transition_inputs, d),
            ("emission_inputs", emission_inputs, p),
        ):
            if weights is not None and inputs is None:
                raise ValueError(f"{name} is given without inputs; expected both")
            made = None if weights is None else nn.Parameter(each_step(name, weights, (size, k)))
            self.register_parameter(name, made)
        self.register_buffer(
            "diffuse", None if diffuse is None else each_step("diffuse", diffuse, (d,)).bool()
        )

    def of_length(self, steps: int, inputs: Tensor | None = None) -> Self:
        """This model of series of another length; the parameters are the same objects. ``inputs (steps, k)`` where it has inputs."""
        validate.positive_integer("steps", steps)
        parts = (self.transition, self.emission, self.transition_root, self.emission_root)
        if steps != self.steps and any(part.dim() > 2 for part in parts):
            raise ValueError(
                f"steps is {steps}, but there are matrices for each of {self.steps} steps; expected {self.steps}"
            )
        other = copy(self)
        other._buffers = dict(self._buffers)
        if self.inputs is not None and (inputs is not None or steps != self.steps):
            if inputs is None:
                raise ValueError(f"inputs is None; expected the inputs of all {steps} steps")
            other.inputs = each_step("inputs", inputs, (steps, self.inputs.shape[-1]))
        other.steps, other.data_dim, other.latent_dim = steps, steps * self.p, steps * self.d
        return other

    def input_effects(self) -> tuple[Tensor, Tensor]:
        """B u_t for the moves, ``(T - 1, d)`` or ``(1, d)``, and D u_t, ``(T, p)`` or ``(1, p)``."""
        state, datum = self.transition.new_zeros(1, self.d), self.transition.new_zeros(1, self.p)
        if self.inputs is not None and self.transition_inputs is not None:
            state = self.inputs[1:] @ self.transition_inputs.mT
        if self.inputs is not None and self.emission_inputs is not None:
            datum = self.inputs @ self.emission_inputs.mT
        return state, datum

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        if self.diffuse is not None:
            raise ValueError(
                "a diffuse start has no density; expected a model with an initial_cov for log_joint"
            )
        x, z = x.unflatten(-1, (self.steps, self.p)), z.unflatten(-1, (self.steps, self.d))
        (push, shift), start = self.input_effects(), density_root("initial_cov", self.initial_root)
        first = CholeskyNormal(self.initial_loc, start).log_prob(z[..., 0, :])
        moved = (self.transition @ z[..., :-1, :].unsqueeze(-1)).squeeze(-1) + push
        moves = CholeskyNormal(
            moved, density_root("transition_cov", self.transition_root)
        ).log_prob(z[..., 1:, :])
        seen = CholeskyNormal(
            (self.emission @ z.unsqueeze(-1)).squeeze(-1) + shift,
            density_root("emission_cov", self.emission_root),
        ).log_prob(x)
        return {"initial": first, "transition": moves.sum(-1), "emission": seen.sum(-1)}

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        if self.diffuse is not None:
            raise ValueError(
                "a diffuse start cannot be drawn from; expected a model with an initial_cov"
            )
        like = self.transition
        state_noise, noise = (
            torch.randn(
                n, self.steps, size, generator=generator, dtype=like.dtype, device=like.device
            )
            for size in (self.d, self.p)
        )
        with torch.no_grad():
            (push, shift), moves = self.input_effects(), self.steps - 1
            a, q = (
                part.expand(moves, self.d, self.d)
                for part in (self.transition, self.transition_root)
            )
            states = [self.initial_loc + state_noise[:, 0] @ self.initial_root.mT]
            for t, pushed in enumerate(push.expand(moves, self.d)):
                states.append(states[-1] @ a[t].mT + state_noise[:, t + 1] @ q[t].mT + pushed)
            z = torch.stack(states, 1)
            measured = (
                self.emission @ z.unsqueeze(-1) + self.emission_root @ noise.unsqueeze(-1)
            ).squeeze(-1)
        return (measured + shift.detach()).flatten(1), z.flatten(1)

    def dynamics(self) -> Dynamics:
        """The same, a step at a time, for ``learning.particle_filter``."""
        first, move, see = (
            density_root(name, root).expand(count, -1, -1)
            for name, root, count in (
                ("initial_cov", self.initial_root, 1),
                ("transition_cov", self.transition_root, self.steps - 1),
                ("emission_cov", self.emission_root, self.steps),
            )
        )
        push, shift = self.input_effects()
        push, shift = push.expand(self.steps - 1, self.d), shift.expand(self.steps, self.p)
        a = self.transition.expand(self.steps - 1, self.d, self.d)
        c = self.emission.expand(self.steps, self.p, self.d)
        return Dynamics(
            self.steps,
            self.p,
            lambda: CholeskyNormal(self.initial_loc, first[0]),
            lambda t, z: CholeskyNormal(z @ a[t - 1].mT + push[t - 1], move[t - 1]),
            lambda t, z, x: CholeskyNormal(z @ c[t].mT + shift[t], see[t]).log_prob(x),
        )
