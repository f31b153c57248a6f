"""The same step over and over: on a GPU captured once as a CUDA graph, and then replayed with one launch a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from primitives.gpu.devices import Device, torch_device
from primitives.gpu.graph import recorded

WARM = 3  # steps before one is captured: libraries set themselves up, tables are made


def repeat(step: Callable[[], None], times: int, device: Device) -> None:
    """Call `step` so many times. All that changes from one to the next must be in tensors that it keeps, and it must
    not wait for the device.

    The first steps are as good as any; to capture one does nothing on the device.
    """
    place = torch_device(device)
    if place.type != "cuda" or times <= WARM + 1:
        for _ in range(times):
            step()
        return
    _warm(step, place)
    replay = recorded(step, place)
    for _ in range(times - WARM):
        replay()
    _wait(place)


def _warm(step: Callable[[], None], place: Any) -> None:
    """The first steps, on a stream of their own, as torch wants it before it captures."""
    import torch

    here, side = torch.cuda.current_stream(place), torch.cuda.Stream(place)
    side.wait_stream(here)
    with torch.cuda.stream(side):
        for _ in range(WARM):
            step()
    here.wait_stream(side)


def _wait(place: Any) -> None:
    """Until all is done: then the graph may go."""
    import torch

    torch.cuda.synchronize(place)
