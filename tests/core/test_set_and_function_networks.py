"""The networks of lecture 16: they learn, rows do not read each other, and the stored tables hold what the lecture reads."""

from __future__ import annotations

import pytest
import torch
from oracles import generator

from course_vi.experiments import function_networks, set_networks, set_trial
from course_vi.experiments.function_trial import draw_functions
from course_vi.experiments.side_by_side import EachRow
from course_vi.experiments.stored_tables import stored_table
from course_vi.nets import mlp


def some_points(rows: int, count: int, seed: int = 4) -> torch.Tensor:
    u = 4 * torch.rand(rows, count, 9, generator=generator(seed)) - 2
    return torch.stack([u, draw_functions(u, generator(seed + 1))], -1)


def test_each_row_is_read_by_its_own_network() -> None:
    pair = [mlp(3, 8, 2, generator(seed)) for seed in (0, 1)]
    x = torch.randn(7, 2, 5, 3, generator=generator(2))
    found = EachRow(pair)(x)
    for row, network in enumerate(pair):
        assert torch.allclose(found[:, row], network(x[:, row]), atol=1e-6)
    assert EachRow(pair, between=2)(torch.zeros(2, 5, 0, 3)).shape == (2, 5, 0, 2)
    with pytest.raises(ValueError, match="between"):
        EachRow(pair, between=0)


def test_statisticians_learn_and_do_not_read_each_other() -> None:
    x = set_trial.draw_sets((2, 50), 8, generator(2))[0]
    found = []
    for steps in (1, 40):
        p, q = set_networks.train_statisticians([0, 1], steps, batch_size=16)
        z = q.sample(5, x, generator(3))
        found.append((p.log_joint(x, z) - q(x, z)).mean((0, 2)))
    assert (found[1] > found[0] + 0.1).all()
    other = x.clone()
    other[1] += 1
    assert torch.equal(p.log_joint(other, z)[:, 0], p.log_joint(x, z)[:, 0])


def test_processes_learn_and_do_not_read_each_other() -> None:
    points, found = some_points(2, 50), []
    for steps in (1, 50):
        model = function_networks.train_processes([0, 1], steps, hidden=16, batch_size=8)
        told = function_networks.told_of(model, points[:, :, :5], points[:, :, 5:])
        found.append(told.log_prob.mean((1, 2)))
    assert (found[1] > found[0] + 0.05).all()
    points[1] += 1
    again = function_networks.told_of(model, points[:, :, :5], points[:, :, 5:])
    assert torch.equal(again.log_prob[0], told.log_prob[0])
    assert ((told.place > 0) & (told.place < 1)).all()


def test_feeding_back_one_target_is_predicting_it() -> None:
    model = function_networks.new_processes([0, 1])
    points = some_points(2, 3)
    context, one, two = points[:, :, :5], points[:, :, 5:6], points[:, :, 5:7]
    alone = function_networks.told_of(model, context, one).log_prob.squeeze(-1)
    assert torch.equal(function_networks.fed_back(model, context, one), alone)
    second = function_networks.told_of(model, points[:, :, :6], points[:, :, 6:7]).log_prob
    both = function_networks.fed_back(model, context, two)
    assert torch.allclose(both, alone + second.squeeze(-1))


def test_the_stored_tables_are_whole() -> None:
    for row in stored_table("regions", 16).values():
        for entry in row["exact"].values():
            assert entry["short"] == [0.0] * 5
            assert entry["scales"] == [1.0] * 5
