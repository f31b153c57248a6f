"""A step recorded as a CUDA graph: one launch replays all that torch and Numba launched in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from primitives.gpu.devices import out_of_memory


def recorded(step: Callable[[], None], place: Any, stream: Any = None) -> Callable[[], None]:
    """What replays the step, on a torch device of CUDA (and a stream of it, or one of torch's own while it records).

    All that changes from one call to the next must be in tensors that the step keeps, and it must not wait for the
    device. To record it does nothing there.
    """
    import torch

    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.device(place), torch.cuda.graph(graph, stream=stream):
            step()
    except RuntimeError as error:
        first = error.__context__  # that a record ends badly is said instead of why
        raise first if first is not None and out_of_memory(first) else error from None
    replay: Callable[[], None] = graph.replay
    return replay
