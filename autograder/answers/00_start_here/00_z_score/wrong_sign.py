"""diagnosis: sign"""
def z_score(samples, exact):
    mean = samples.mean(0)
    error = samples.std(0) / len(samples) ** 0.5
    return mean, error, (exact - mean) / error
