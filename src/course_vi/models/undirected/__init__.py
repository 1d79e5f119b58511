"""Undirected models: a density up to a constant, and the constant by enumeration."""
