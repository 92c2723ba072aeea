"""The scenario of the published findings: written, replayed, studied, compared with its truth."""
