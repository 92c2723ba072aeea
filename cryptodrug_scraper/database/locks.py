"""Advisory locks by which those who load and those who work out reviews keep out of each other's
way; apart, so that who only reads need not import what loading takes."""

LOADING_LOCK = 0x63647301
"""Shared by loaders, exclusive while reviews are worked out."""
LOADING = 0x63647302
"""Each loader shares it as long as it lives, so that others see it at work."""
