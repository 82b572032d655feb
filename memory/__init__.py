"""Recurrent memory models, ``(segment, state) -> (output, state)``: only this package imports torch."""
