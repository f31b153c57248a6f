"""The parts of `python -m benchmarks.cuda`: what is compiled, what a card allows, what agrees, how fast it is."""
