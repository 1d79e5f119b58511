"""Checks of unit 03, The ELBO."""

from __future__ import annotations
