"""Running a submission: sessions with a jailed kernel, the closed book, seeds."""
