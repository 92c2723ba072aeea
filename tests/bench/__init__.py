"""Benchmarks: ratios measured within one run, since these machines are noisy."""
