"""The random streams: the published generator, and independent of everything but (seed, generation, slot)."""

import numpy as np
import pytest

from primitives import philox


def block(counter, key):
    stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
    stream[:4] = counter
    stream[9:11] = key
    stream[4] = 4
    return [int(philox.word(stream)) for _ in range(4)]


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [  # the known answers of Random123, philox4x32 10
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_known_answers(counter, key, expected):
    assert block(counter, key) == expected


def draw(seed, generation, slot, n=8):
    stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
    philox.start(stream, np.uint64(seed), generation, slot)
    return [int(philox.word(stream)) for _ in range(n)]


def test_a_stream_depends_on_seed_generation_and_slot_alone():
    assert draw(1, 2, 3) == draw(1, 2, 3)
    others = [draw(0, 2, 3), draw(1, 0, 3), draw(1, 2, 0), draw(1 + (1 << 40), 2, 3)]
    assert all(other != draw(1, 2, 3) for other in others)


def test_uniform_and_normal_have_the_right_moments():
    stream = np.zeros(philox.STREAM_FIELDS, np.uint64)
    philox.start(stream, np.uint64(7), 0, 0)
    u = np.array([philox.uniform(stream) for _ in range(20_000)])
    z = np.array([philox.normal(stream) for _ in range(20_000)])
    assert u.min() > 0 and u.max() < 1
    assert abs(u.mean() - 0.5) < 0.01 and abs(z.mean()) < 0.03 and abs(z.std() - 1) < 0.03
    assert {philox.below(stream, 3) for _ in range(100)} == {0, 1, 2}
