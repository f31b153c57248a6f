"""How the engine's inner functions are compiled.

`_nrt=False`: they allocate nothing, so Numba need not count references. With it, every call of a function that takes arrays
would pay an atomic increment and decrement an array: measured, two thirds of the time of the canonical form. A function
that allocates (np.zeros, a slice that is kept) is compiled by plain `njit(cache=True, nogil=True)`.
"""

from __future__ import annotations

from numba import njit

inner = njit(cache=True, nogil=True, _nrt=False)
inlined = njit(cache=True, nogil=True, _nrt=False, forceinline=True)
