"""Idiom: copies made under no_grad."""
import torch


def value_and_gradient(value, surrogate):
    with torch.no_grad():
        copy, number = surrogate.clone(), value.clone()
    return number + (surrogate - copy)
