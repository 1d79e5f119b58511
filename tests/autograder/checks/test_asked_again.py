"""What an answer keeps from call to call, and what it does to the stream of random numbers that all share, is seen by the engine."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from autograder.audit.corpus import corpus
from autograder.checking import run_check
from autograder.checks.probe import InProcess, Probe
from autograder.protocol import watch

WITH_NETWORKS = (
    "09_frozen_family",
    "09_two_layers",
    "09_score_coefficient",
    "11_amortized_elbo",
    "13_objective",
    "13_likelihood",
    "13_active_units",
    "13_completion",
)


def stale(learner: Callable[..., Any]) -> Callable[..., Any]:
    """The same gradients; values are those of the parameters that each network had when it was first seen."""
    first: dict[nn.Module, nn.Module] = {}

    def as_first(value: Any) -> Any:
        return (
            first.setdefault(value, copy.deepcopy(value)) if isinstance(value, nn.Module) else value
        )

    def moved(new: Any, old: Any) -> Any:
        if isinstance(new, Tensor):
            return new + (old - new).detach()
        return type(new)(map(moved, new, old)) if type(new) in (tuple, list) else new

    return lambda *args: moved(learner(*args), learner(*map(as_first, args)))


@pytest.mark.parametrize("exercise", WITH_NETWORKS)
def test_what_was_kept_of_a_network_is_stale_when_its_parameters_move(exercise: str) -> None:
    right = next(one for one in corpus() if one.exercise == exercise and one.right).load()
    assert "stateful" in run_check(exercise, InProcess(stale(right)), 1).diagnoses


def test_whether_a_parameter_learns_is_part_of_a_network() -> None:
    layer = nn.Linear(1, 1)
    layer.bias.requires_grad_(False)
    assert watch.watched(lambda net: net(torch.ones(1)).item())(layer) is not None
    for learns in (True, False):
        with pytest.raises(watch.ArgumentChanged, match="^net came back"):
            watch.watched(lambda net, on: net.requires_grad_(on))(layer, learns)


def test_the_global_stream_is_not_seeded_where_a_generator_or_a_seed_is_given() -> None:
    def seeds(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return torch.randn(2)

    def restores(seed: int) -> Tensor:
        with torch.random.fork_rng():
            return seeds(seed)

    def begins_a_network(generator: torch.Generator) -> Tensor:
        return nn.init.normal_(nn.Linear(1, 1).weight, generator=generator).detach()

    with torch.random.fork_rng():
        for call in (
            lambda: watch.watched(seeds)(7),
            lambda: watch.watched(seeds)(seed=7),
            lambda: watch.watched(lambda g: seeds(g.initial_seed()))(torch.Generator()),
        ):
            torch.manual_seed(1)
            with pytest.raises(watch.GlobalStreamSeeded):
                call()
        torch.manual_seed(1)
        watch.watched(restores)(7)
        watch.watched(begins_a_network)(torch.Generator())
        watch.watched(lambda number: seeds(number))(7)  # that it is a seed, nobody knows


def test_what_is_given_a_generator_does_not_depend_on_the_global_stream() -> None:
    """The second time the stream is at another place; it is at the same place for a function that was given nothing."""
    for learner, given, stateful in (
        (lambda generator: torch.randn(2, generator=generator), [{"$generator": 3}], False),
        (lambda generator: torch.randn(2), [{"$generator": 3}], True),
        (lambda: torch.randn(2), [], False),
    ):
        probe = Probe(InProcess(learner), 1)
        probe.value(*given)
        assert probe.stateful == stateful
