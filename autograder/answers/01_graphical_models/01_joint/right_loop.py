"""Idiom: add up factor by factor."""
def joint_log_prob(parents, log_prob, values):
    total = 0.0
    for name, above in parents.items():
        total = total + log_prob[name](values[name], *[values[parent] for parent in above]).sum(-1)
    return total
