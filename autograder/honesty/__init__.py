"""Is a report honest? Its own claims, run again: seeds, pairs, thresholds that can fail, rest, a forecast made before looking."""
