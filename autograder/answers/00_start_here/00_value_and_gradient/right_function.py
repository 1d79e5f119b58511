"""Idiom: an autograd function of its own: forward one, backward the other."""
import torch


class Swap(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value, surrogate):
        return value.clone()

    @staticmethod
    def backward(ctx, grad):
        return None, grad


def value_and_gradient(value, surrogate):
    return Swap.apply(value, surrogate)
