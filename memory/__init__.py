"""Recurrent memory models: ``(segment, state) -> (output, state)``. Only this package imports torch; it imports nothing of ours."""
