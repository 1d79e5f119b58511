"""diagnosis: over_everything"""
def z_score(samples, exact):
    mean = samples.mean()
    error = samples.std(0) / len(samples) ** 0.5
    return mean, error, (mean - exact) / error
