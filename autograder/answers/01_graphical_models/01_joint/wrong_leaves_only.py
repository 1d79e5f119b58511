"""diagnosis: leaves_only"""
def joint_log_prob(parents, log_prob, values):
    inner = {p for above in parents.values() for p in above}
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]).sum(-1) for name in parents if name not in inner)
