"""Directed graphical models: the recipe, its form as a model, and the zeros that it leaves in a precision."""

from course_vi.graph.bayes_net import BayesNet, Plate, Replicated, plate
from course_vi.graph.model import NetModel
from course_vi.graph.sparsity import banded, fill_in, full, pattern_from_graph

__all__ = [
    "BayesNet",
    "NetModel",
    "Plate",
    "Replicated",
    "banded",
    "fill_in",
    "full",
    "pattern_from_graph",
    "plate",
]
