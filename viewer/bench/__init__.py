"""Benchmarks: the product against a limit or a peer, measured in the same run, as ratios."""
