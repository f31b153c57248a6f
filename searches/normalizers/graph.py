"""The same step over and over: on a GPU captured once as a CUDA graph, and then replayed with one launch a step."""

from __future__ import annotations

from collections.abc import Callable

from primitives.gpu.devices import Device, torch_device

WARM = 3  # calls before one is captured: libraries set themselves up, tables are made


def repeat(step: Callable[[], None], times: int, device: Device) -> None:
    """Call `step` so many times. It must take all that changes from tensors that it keeps, and not wait for the device.

    Capturing calls nothing on the device, so that the calls before it count.
    """
    import torch

    place = torch_device(device)
    if place.type != "cuda" or times <= WARM + 1:
        for _ in range(times):
            step()
        return
    with torch.cuda.device(place):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM):
                step()
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.empty_cache()  # a graph has memory of its own
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        for _ in range(times - WARM):
            graph.replay()
