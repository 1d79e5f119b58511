"""Models with networks inside."""
