"""From text masters to notebooks, proven on the way."""
