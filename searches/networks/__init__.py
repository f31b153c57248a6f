"""Compiled pieces of neural networks, for the searches that train some."""
