"""diagnosis: biased_variance"""
def z_score(samples, exact):
    mean = samples.mean(0)
    error = samples.std(0, correction=0) / len(samples) ** 0.5
    return mean, error, (mean - exact) / error
