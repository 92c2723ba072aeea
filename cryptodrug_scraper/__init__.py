"""Capture, archive, read and analyse darknet drug markets for drug-policy research."""

__version__ = "0.2.0"
