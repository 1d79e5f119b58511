"""Are the checks fair, and do they see? Answers, mutants, simulated nulls, attacks."""
