"""diagnosis: not_log"""
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]).sum(-1) for name in parents).exp()
