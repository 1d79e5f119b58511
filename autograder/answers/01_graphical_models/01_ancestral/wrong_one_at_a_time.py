"""diagnosis: one_at_a_time"""
import torch


def ancestral_sample(parents, draw, n):
    rows = []
    for _ in range(n):
        values = {}
        while len(values) < len(parents):
            for name, above in parents.items():
                if name not in values and all(parent in values for parent in above):
                    values[name] = draw[name](1, *[values[parent] for parent in above])
        rows.append(values)
    return {name: torch.cat([values[name] for values in rows]) for name in parents}
