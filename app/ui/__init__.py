"""The Gradio app: solve a question and watch, take traces apart, fork a step, compare, and see runs."""
