"""Every figure of the lectures, and the style they share."""
