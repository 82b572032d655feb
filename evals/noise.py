"""Noise that long texts are filled with."""

NOISE = "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again."
"""The noise text of RULER (Hsieh et al., 2404.06654)."""
