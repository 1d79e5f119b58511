"""diagnosis: parent_order"""
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in sorted(parents[name])]).sum(-1) for name in parents)
