"""Character-level language model: a decoder transformer, forward and backward by hand.

Pre-norm blocks (RMSNorm, causal attention, RMSNorm, GELU) with learned positions, no biases, and an output layer of its
own. Tokens go through in chunks of whole sequences that fit the second cache together with all that backward needs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from discover.errors import UserError
from primitives import philox
from primitives.compiled import inlined, inner, outer
from searches.networks.layers import (
    F,
    add_rows,
    causal_softmax,
    cross_entropy,
    gelu,
    rms_norm,
    rms_norm_backward,
    scale_rows,
    softmax_backward,
)
from searches.networks.products import LANES, ROWS, product, row_dots, row_products, transpose
from searches.networks.subnormals import flush_subnormals, restore_subnormals
from searches.optimizers.tasks.task import TRANSFORMER, Task
from searches.optimizers.tasks.text import CHARACTERS, read

# Fields of `sizes`. A minibatch's sequences begin at 0..starts-1; `valid` sequences for validation lie end to end from
# `valid_from` on. `chunk` sequences go through at a time.
VOCABULARY, WIDTH, HEADS, LAYERS, CONTEXT, BATCH, CHUNK, STARTS, VALID_FROM, VALID = range(10)
EXPANSION = 4  # features of the hidden layer for one of the model's
TOKENS = 256  # at most, in a chunk of more than one sequence
SLICE = 128  # tokens at a time whose logits stay in the nearest caches
# Deviation of the initial embeddings, and of the other weights times the root of their inputs: about GPT-2's (0.02 at
# 768 inputs). Chosen among several as one with which the updates tell apart well: from larger ones AdamW trains as well
# as a sign update does, so this choice is part of why the search finds one.
EMBEDDING_SCALE, SCALE = 0.02, 0.4


@inlined
def _stride(sizes):
    """Numbers from one feature to the next: an odd number of cache lines, or else they would share few cache sets."""
    return (sizes[CHUNK] * sizes[CONTEXT] // LANES | 1) * LANES


@inlined
def _block_rows(sizes):
    """Rows of activations that a block keeps for its backward pass; see `_block`."""
    return (10 + 2 * EXPANSION) * sizes[WIDTH] + sizes[HEADS] * sizes[CONTEXT] + 2


@inlined
def _rows(sizes):
    """Where in the scratch each group begins: ids, wide, dx, dy, scores, unit, y, logits, blocks, square, sum, end.

    ids     rows: token, target, place in the sequence, and three to work in
    wide    gradients of qkv or of the hidden layer; scores: of the attention; dx, dy: of the stream and of a branch
    unit y  the last norm's; logits; blocks: what each block keeps, see `_block`; then the last block's output
    square  a few numbers: LANES embeddings, or a transposed square of attention
    sum     gradient of one chunk of several
    """
    step, d = _stride(sizes), sizes[WIDTH]
    ids = np.int64(0)
    wide = ids + 6 * step
    dx = wide + EXPANSION * d * step
    dy = dx + d * step
    scores = dy + d * step
    unit = scores + sizes[HEADS] * sizes[CONTEXT] * step
    y = unit + d * step
    logits = y + d * step
    blocks = logits + sizes[VOCABULARY] * step
    square = blocks + (sizes[LAYERS] * _block_rows(sizes) + d) * step
    total = square + max(LANES * d, sizes[CONTEXT] * sizes[CONTEXT])
    return ids, wide, dx, dy, scores, unit, y, logits, blocks, square, total


@inlined
def _block(sizes, start):
    """Where a block keeps what its backward pass needs, in rows of activations from `start` on; then its output."""
    step, d = _stride(sizes), sizes[WIDTH]
    x = start
    unit1 = x + d * step
    y1 = unit1 + d * step
    qkv = y1 + d * step
    attention = qkv + 3 * d * step
    mixed = attention + sizes[HEADS] * sizes[CONTEXT] * step
    middle = mixed + d * step
    unit2 = middle + d * step
    y2 = unit2 + d * step
    hidden = y2 + d * step
    active = hidden + EXPANSION * d * step
    inverse = active + EXPANSION * d * step
    return (
        x,
        unit1,
        y1,
        qkv,
        attention,
        mixed,
        middle,
        unit2,
        y2,
        hidden,
        active,
        inverse,
        start + _block_rows(sizes) * step,
    )


@inlined
def _weights(sizes):
    """Where the tensors begin: position, first block; numbers of a block; last norm, head, end. In `leaves`' order."""
    d = sizes[WIDTH]
    position = sizes[VOCABULARY] * d
    blocks = position + sizes[CONTEXT] * d
    block = 2 * d + (4 + 2 * EXPANSION) * d * d
    norm = blocks + sizes[LAYERS] * block
    head = norm + d
    return position, blocks, block, norm, head, head + sizes[VOCABULARY] * d


@inlined
def _block_weights(sizes, start):
    """Where a block's tensors begin: norm, qkv, out, norm, up, down."""
    d = sizes[WIDTH]
    norm1 = start
    qkv = norm1 + d
    out = qkv + 3 * d * d
    norm2 = out + d * d
    up = norm2 + d
    return norm1, qkv, out, norm2, up, up + EXPANSION * d * d


@inner
def _apply(w, at, outputs, inputs, s, x, y, step, n):
    """y = W x for the weights W[outputs, inputs] at w[at:]."""
    product(s, y, step, w, at, inputs, 1, s, x, step, outputs, inputs, n)


@inner
def _apply_transposed(w, at, outputs, inputs, s, dy, dx, step, n):
    """dx = W' dy: what `_apply` hands back."""
    product(s, dx, step, w, at, 1, inputs, s, dy, step, inputs, outputs, n)


@inner
def _read(sizes, integers, start, b, s, ids):
    """Sequence b of the chunk: the characters from `start` on, and those that follow them."""
    step, context = _stride(sizes), sizes[CONTEXT]
    at = ids + b * context
    for i in range(context):
        s[at + i] = F(integers[start + i])
        s[at + step + i] = F(integers[start + i + 1])
        s[at + 2 * step + i] = F(i)


@inner
def _embed(sizes, w, s, ids, square, x, n):
    """x = embedding of the token + embedding of its place."""
    step, d = _stride(sizes), sizes[WIDTH]
    position = _weights(sizes)[0]
    for t in range(0, n, LANES):
        for i in range(LANES):
            e = np.uint64(np.int64(s[ids + t + i]) * d)
            p = np.uint64(position + np.int64(s[ids + 2 * step + t + i]) * d)
            o = np.uint64(square + i * d)
            for k in range(np.uint64(d)):
                s[o + k] = w[e + k] + w[p + k]
        transpose(s, x + t, step, s, square, d, LANES, d)


@inner
def _embed_backward(sizes, s, ids, square, dx, g, at, n):
    """The gradients of both embeddings: token after token is added."""
    step, d = _stride(sizes), sizes[WIDTH]
    position, blocks = _weights(sizes)[:2]
    for k in range(at, at + blocks):
        g[k] = 0
    for t in range(0, n, LANES):
        transpose(s, square, d, s, dx + t, step, d, LANES)
        for i in range(LANES):
            e = np.uint64(at + np.int64(s[ids + t + i]) * d)
            p = np.uint64(at + position + np.int64(s[ids + 2 * step + t + i]) * d)
            o = np.uint64(square + i * d)
            for k in range(np.uint64(d)):
                g[e + k] += s[o + k]
            for k in range(np.uint64(d)):
                g[p + k] += s[o + k]


@inner
def _attend(sizes, s, ids, qkv, attention, mixed, n):
    """mixed = attention of every head; its weights in `attention`: row j of a head is what each query pays to key j."""
    step, d, context = _stride(sizes), sizes[WIDTH], sizes[CONTEXT]
    per_head = d // sizes[HEADS]
    scale = F(1 / np.sqrt(per_head))
    for h in range(sizes[HEADS]):
        q = qkv + h * per_head * step
        k, v = q + d * step, q + 2 * d * step
        a, o = attention + h * context * step, mixed + h * per_head * step
        for t in range(0, n, context):
            product(s, a + t, step, s, k + t, 1, step, s, q + t, step, context, per_head, context)
        causal_softmax(s, a, ids + 2 * step, ids + 3 * step, ids + 4 * step, scale, context, step, n)
        for t in range(0, n, context):
            product(s, o + t, step, s, v + t, step, 1, s, a + t, step, per_head, context, context)


@inner
def _attend_backward(sizes, s, ids, square, qkv, attention, dmixed, dattention, dqkv, n):
    """dqkv from dmixed; `dattention` and `square` are to work in."""
    step, d, context = _stride(sizes), sizes[WIDTH], sizes[CONTEXT]
    per_head = d // sizes[HEADS]
    scale = F(1 / np.sqrt(per_head))
    for h in range(sizes[HEADS]):
        q, dq = qkv + h * per_head * step, dqkv + h * per_head * step
        k, v, dk, dv = q + d * step, q + 2 * d * step, dq + d * step, dq + 2 * d * step
        a, da, o = attention + h * context * step, dattention + h * context * step, dmixed + h * per_head * step
        for t in range(0, n, context):
            product(s, da + t, step, s, v + t, 1, step, s, o + t, step, context, per_head, context)
            transpose(s, square, context, s, a + t, step, context, context)
            product(s, dv + t, step, s, o + t, step, 1, s, square, context, per_head, context, context)
        softmax_backward(s, a, da, ids + 3 * step, scale, context, step, n)
        for t in range(0, n, context):
            product(s, dq + t, step, s, k + t, step, 1, s, da + t, step, per_head, context, context)
            transpose(s, square, context, s, da + t, step, context, context)
            product(s, dk + t, step, s, q + t, step, 1, s, square, context, per_head, context, context)


@inner
def _forward(sizes, w, s, n, scale):
    """Summed loss of the n tokens that were read; `logits` holds its gradient times `scale`."""
    step, d = _stride(sizes), sizes[WIDTH]
    ids, _, _, dy, _, unit, y, logits, blocks, square, _ = _rows(sizes)
    _, first, per_block, norm, head, _ = _weights(sizes)
    _embed(sizes, w, s, ids, square, blocks, n)
    at = blocks
    for layer in range(sizes[LAYERS]):
        x, unit1, y1, qkv, attention, mixed, middle, unit2, y2, hidden, active, inverse, at = _block(sizes, at)
        norm1, in_, out, norm2, up, down = _block_weights(sizes, first + layer * per_block)
        rms_norm(s, x, unit1, y1, inverse, w, norm1, d, step, n)
        _apply(w, in_, 3 * d, d, s, y1, qkv, step, n)
        _attend(sizes, s, ids, qkv, attention, mixed, n)
        _apply(w, out, d, d, s, mixed, dy, step, n)
        add_rows(s, middle, x, dy, d, step, n)
        rms_norm(s, middle, unit2, y2, inverse + step, w, norm2, d, step, n)
        _apply(w, up, EXPANSION * d, d, s, y2, hidden, step, n)
        gelu(s, hidden, active, EXPANSION * d, step, n)
        _apply(w, down, d, EXPANSION * d, s, active, dy, step, n)
        add_rows(s, at, middle, dy, d, step, n)
    rms_norm(s, at, unit, y, ids + 5 * step, w, norm, d, step, n)
    loss = 0.0
    for t in range(0, n, SLICE):
        count, x = min(SLICE, n - t), logits + t
        _apply(w, head, sizes[VOCABULARY], d, s, y + t, x, step, count)
        loss += cross_entropy(
            s, x, ids + step + t, ids + 3 * step, ids + 4 * step, scale, sizes[VOCABULARY], step, count
        )
    return loss


@inner
def _backward(sizes, w, s, g, g_at, n):
    """The gradient of what `_forward` has just been through, put at g[g_at:]."""
    step, d = _stride(sizes), sizes[WIDTH]
    ids, wide, dx, dy, scores, unit, y, logits, blocks, square, _ = _rows(sizes)
    _, first, per_block, norm, head, _ = _weights(sizes)
    mean = ids + 3 * step
    row_products(g, g_at + head, d, s, logits, step, s, y, step, sizes[VOCABULARY], d, n)
    _apply_transposed(w, head, sizes[VOCABULARY], d, s, logits, dy, step, n)
    row_dots(g, g_at + norm, s, dy, step, s, unit, step, d, n)
    for k in range(d):
        for t in range(n):
            s[dx + k * step + t] = 0
    rms_norm_backward(s, dy, unit, ids + 5 * step, dx, mean, w, norm, d, step, n)
    for layer in range(sizes[LAYERS] - 1, -1, -1):
        at = blocks + layer * _block_rows(sizes) * step
        _, unit1, y1, qkv, attention, mixed, _, unit2, y2, hidden, active, inverse, _ = _block(sizes, at)
        norm1, in_, out, norm2, up, down = _block_weights(sizes, first + layer * per_block)
        row_products(g, g_at + down, EXPANSION * d, s, dx, step, s, active, step, d, EXPANSION * d, n)
        _apply_transposed(w, down, d, EXPANSION * d, s, dx, wide, step, n)
        scale_rows(s, wide, wide, hidden, EXPANSION * d, step, n)
        row_products(g, g_at + up, d, s, wide, step, s, y2, step, EXPANSION * d, d, n)
        _apply_transposed(w, up, EXPANSION * d, d, s, wide, dy, step, n)
        row_dots(g, g_at + norm2, s, dy, step, s, unit2, step, d, n)
        rms_norm_backward(s, dy, unit2, inverse + step, dx, mean, w, norm2, d, step, n)
        row_products(g, g_at + out, d, s, dx, step, s, mixed, step, d, d, n)
        _apply_transposed(w, out, d, d, s, dx, dy, step, n)
        _attend_backward(sizes, s, ids, square, qkv, attention, dy, scores, wide, n)
        row_products(g, g_at + in_, d, s, wide, step, s, y1, step, 3 * d, d, n)
        _apply_transposed(w, in_, 3 * d, d, s, wide, dy, step, n)
        row_dots(g, g_at + norm1, s, dy, step, s, unit1, step, d, n)
        rms_norm_backward(s, dy, unit1, inverse, dx, mean, w, norm1, d, step, n)
    _embed_backward(sizes, s, ids, square, dx, g, g_at, n)


@inner
def start(sizes, integers, reals, stream, w):
    """Initial weights: gains one, the others normal with the deviations above."""
    d = sizes[WIDTH]
    _, first, per_block, norm, head, end = _weights(sizes)
    for i in range(end):
        w[i] = F(philox.normal(stream))
    _scale(w, 0, first, EMBEDDING_SCALE)
    for layer in range(sizes[LAYERS]):
        at = first + layer * per_block
        norm1, qkv, _, norm2, up, down = _block_weights(sizes, at)
        _fill(w, norm1, qkv, 1)
        _fill(w, norm2, up, 1)
        _scale(w, qkv, norm2, SCALE / np.sqrt(d))
        _scale(w, up, down, SCALE / np.sqrt(d))
        _scale(w, down, at + per_block, SCALE / np.sqrt(EXPANSION * d))
    _fill(w, norm, head, 1)
    _scale(w, head, end, SCALE / np.sqrt(d))


@inner
def _scale(w, begin, end, factor):
    for i in range(begin, end):
        w[i] *= F(factor)


@inner
def _fill(w, begin, end, value):
    for i in range(begin, end):
        w[i] = F(value)


@inner
def draw(sizes, integers, reals, stream, rows, noise):
    """A minibatch: where each of its sequences begins."""
    for b in range(sizes[BATCH]):
        rows[b] = philox.below(stream, sizes[STARTS])


@inner
def gradient(sizes, integers, reals, rows, noise, w, scratch, g):
    """Mean loss of the minibatch, in nats a character; g becomes its gradient."""
    context, batch = sizes[CONTEXT], sizes[BATCH]
    total, end = _rows(sizes)[-1], _weights(sizes)[-1]
    scale = F(1.0 / (batch * context))
    before = flush_subnormals()
    loss = 0.0
    for begin in range(0, batch, sizes[CHUNK]):
        count = min(sizes[CHUNK], batch - begin)
        for b in range(count):
            _read(sizes, integers, np.int64(rows[begin + b]), b, scratch, 0)
        loss += _forward(sizes, w, scratch, count * context, scale)
        if begin == 0:
            _backward(sizes, w, scratch, g, np.int64(0), count * context)
        else:
            _backward(sizes, w, scratch, scratch, total, count * context)
            for k in range(end):
                g[k] += scratch[total + k]
    restore_subnormals(before)
    return loss / (batch * context)


@inner
def evaluate(sizes, integers, reals, w, scratch):
    """Mean loss over the validation sequences, in nats a character."""
    context, valid = sizes[CONTEXT], sizes[VALID]
    before = flush_subnormals()
    loss = 0.0
    for begin in range(0, valid, sizes[CHUNK]):
        count = min(sizes[CHUNK], valid - begin)
        for b in range(count):
            _read(sizes, integers, sizes[VALID_FROM] + (begin + b) * context, b, scratch, 0)
        loss += _forward(sizes, w, scratch, count * context, F(1))
    restore_subnormals(before)
    return loss / (valid * context)


def transformer_task(
    part: str = "search", *, batch: int = 32, context: int = 16, width: int = 16, heads: int = 2, layers: int = 1,
    valid: int = 4096, file: Path | None = None,
) -> Task:  # fmt: skip
    """The language model on a part of a text (see `text.read`), `batch` sequences a step, validated on `valid` of it.

    Context and width are multiples of 16, the width of a head one of 8. At the defaults there are 6,416 weights. Raises
    UserError for other sizes, and for a text that is too short.
    """
    if (
        min(batch, context, width, heads, layers, valid) < 1
        or context % LANES
        or width % LANES
        or width % (heads * ROWS)
    ):
        raise UserError(
            f"transformer: context {context} and width {width} must be multiples of {LANES}, and a head, of {heads}, a "
            f"multiple of {ROWS} wide"
        )
    text = read(part, file)
    sequences = max(1, valid // context)
    starts = len(text.training) - context
    if starts < 1 or len(text.validation) <= sequences * context:
        raise UserError(
            f"{text.source.partition(',')[0]}: {len(text.training)} characters to train on and {len(text.validation)} "
            f"to validate are too few for a context of {context} and {valid} characters of validation"
        )
    chunk = max(1, min(batch, TOKENS // context))
    sizes = np.array(
        [CHARACTERS, width, heads, layers, context, batch, chunk, starts, len(text.training), sequences], np.int64
    )
    hidden = EXPANSION * width
    shapes: list[tuple[str, tuple[int, ...]]] = [("embedding", (CHARACTERS, width)), ("position", (context, width))]
    for i in range(layers):
        shapes += [
            (f"block{i}.norm1", (width,)), (f"block{i}.qkv", (3 * width, width)), (f"block{i}.out", (width, width)),
            (f"block{i}.norm2", (width,)), (f"block{i}.up", (hidden, width)), (f"block{i}.down", (width, hidden)),
        ]  # fmt: skip
    shapes += [("norm", (width,)), ("head", (CHARACTERS, width))]
    scratch = _scratch(sizes)
    integers = np.concatenate([text.training, text.validation])
    name = f"transformer {layers}x{width}, context {context}, {part}"
    return Task(
        name, TRANSFORMER, sizes, integers, np.zeros(0, np.float32), tuple(shapes), batch, 0, scratch, text.source
    )


@outer
def _scratch(sizes):  # type: ignore[no-untyped-def]
    """How many float32 numbers `gradient` and `evaluate` work in."""
    return _rows(sizes)[-1] + _weights(sizes)[-1] + LANES
