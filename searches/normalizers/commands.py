"""The option --device of commands that train layers."""

from __future__ import annotations

import argparse

from primitives.gpu import devices


def add_device(parser: argparse.ArgumentParser) -> None:
    """Let a command take --device."""
    parser.add_argument("--device", default="cpu", metavar="auto|cpu|cuda|cuda:N", help="what trains (default cpu)")


def device_of(text: str) -> devices.Device:
    """The device that is meant; where "auto" finds no GPU, that is said. Raises DeviceError where it cannot be used."""
    device = devices.told(text)
    if device.is_cuda:
        devices.torch_device(device)
    return device
