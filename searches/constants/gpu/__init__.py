"""Fractions on a GPU, a thread each: enumerated, sieved, evaluated and looked up there; only hits come back.

Kernels share the CPU's functions of one fraction (`evaluate.first`, `evaluate.tail`, `identify.moebius.rational`); what
the CPU does LANES fractions at a time is written here for one, the same operations in the same order, and fractions
share their depth in blocks of LANES as there. So values have the bits that the CPU's have. What needs a logarithm or a
power, which a GPU's library rounds in its own way, is worked out on the CPU.

Import it only where a GPU is to be used (`primitives.gpu.devices`).
"""
