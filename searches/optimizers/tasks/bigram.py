"""A linear bigram model: word after word, both with Zipf's frequencies; heavy-tailed noise on every gradient.

The next word has a Zipf distribution over an order of the words that depends on the last word. Scored by the mean
divergence of the model from that distribution, exactly: no noise, no sample.

sizes     minibatch, words
integers  int32[words, words]: the words that follow a word, the most frequent first
reals     scale of the noise; frequency of each rank, float32[words]; their running sum, float32[words]
"""

from __future__ import annotations

import math

import numpy as np

from primitives import philox
from primitives.compiled import inlined, inner
from searches.optimizers.tasks import dense
from searches.optimizers.tasks.data import digest, part_number, permutation
from searches.optimizers.tasks.task import BIGRAM, Task

_BATCH, _WORDS = range(2)
_SCALE, _FREQUENCY = range(2)


@inner
def start(sizes, integers, reals, stream, w):
    """All zero: every word equally likely."""
    dense.clear(w, 0, len(w))


@inlined
def _rank(reals, words, u):
    """The rank at which the running sum exceeds u."""
    low, high = 0, words - 1
    while low < high:
        middle = (low + high) // 2
        if reals[_FREQUENCY + words + middle] > u:
            high = middle
        else:
            low = middle + 1
    return low


@inner
def draw(sizes, integers, reals, stream, rows, noise):
    """Pairs of words, the last ones first; noise with Student's t distribution of 2 degrees of freedom."""
    batch, words = sizes[_BATCH], sizes[_WORDS]
    for b in range(batch):
        last = _rank(reals, words, philox.uniform(stream))
        rows[b] = last
        rows[batch + b] = integers[last * words + _rank(reals, words, philox.uniform(stream))]
    for i in range(len(noise)):
        u = philox.uniform(stream)
        noise[i] = reals[_SCALE] * (2.0 * u - 1.0) / math.sqrt(2.0 * u * (1.0 - u))


@inner
def gradient(sizes, integers, reals, rows, noise, w, scratch, g):
    """Mean cross-entropy of the minibatch; its gradient plus the noise in g."""
    batch, words = sizes[_BATCH], sizes[_WORDS]
    dense.copy(noise, 0, g, 0, len(noise))
    total = 0.0
    for b in range(batch):
        row = rows[b] * words
        dense.copy(w, row, scratch, 0, words)
        total += dense.softmax_loss(scratch, 0, words, rows[batch + b], np.float32(1) / np.float32(batch))
        dense.add_scaled(np.float32(1), scratch, 0, g, row, words)
    return total / batch


@inner
def evaluate(sizes, integers, reals, w, scratch):
    """Mean divergence (nats) of the model's next word from the true one."""
    words = sizes[_WORDS]
    total = 0.0
    for last in range(words):
        most = w[last * words]
        for c in range(1, words):
            most = max(most, w[last * words + c])
        mass = 0.0
        for c in range(words):
            mass += dense.exp(w[last * words + c] - most)
        bottom = np.float64(most) + math.log(mass)
        divergence = 0.0
        for rank in range(words):
            p = np.float64(reals[_FREQUENCY + rank])
            logit = np.float64(w[last * words + integers[last * words + rank]])
            divergence += p * (math.log(p) - (logit - bottom))
        total += np.float64(reals[_FREQUENCY + last]) * divergence
    return total


_KEYS = (0x62690001, 0x62690002, 0x62690003)  # of the parts: three languages with nothing in common


def bigram_task(part: str, words: int = 64, noise: float = 0.01, batch: int = 32) -> Task:
    """Zipf bigrams with noise of that scale on every gradient. Raises UserError for an unknown part."""
    key = _KEYS[part_number(part)]
    followers = np.stack([permutation(key, last, words) for last in range(words)])
    frequency = 1.0 / np.arange(1, words + 1)
    frequency /= frequency.sum()
    integers = followers.astype(np.int32).reshape(-1)
    reals = np.concatenate([[noise], frequency, np.cumsum(frequency)]).astype(np.float32)
    return Task(
        name=f"Zipf bigrams, {part}",
        kind=BIGRAM,
        sizes=np.array([batch, words], np.int64),
        integers=integers,
        reals=reals,
        leaves=(("logits", (words, words)),),
        rows=2 * batch,
        noise=words * words,
        scratch=words,
        source=f"generated from key {key:#x}, SHA-256 {digest(integers, reals)}",
    )
