"""The vectors that `tests/bert/main.rs` expects, computed without any of our code.

Needs numpy. It makes the same small encoder as `tests/bert/small.rs` does, runs it in double precision as the
paper and the published implementations describe it, and prints a vector for each list of tokens.

    python3 host/encoder/tests/reference.py
"""

from math import erf, sqrt

import numpy as np

VOCABULARY, WIDTH, WIDE, HEADS, LAYERS, POSITIONS = 40, 48, 72, 3, 2, 16
EPSILON = 1e-6

state = 42


def uniform():
    """SplitMix64, its upper 24 bits as a number from -1 to 1."""
    global state
    state = (state + 0x9E3779B97F4A7C15) % 2**64
    z = state
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    z ^= z >> 31
    return (z >> 40) / 2**23 - 1


def tensor(scale, *shape):
    """Numbers are kept as f32, as they are in the file."""
    values = [np.float32(np.float32(uniform()) * np.float32(scale)) for _ in range(np.prod(shape))]
    return np.array(values, np.float64).reshape(shape)


# In the order in which `tests/bert/small.rs` makes them.
word = tensor(1.0, VOCABULARY, WIDTH)
position = tensor(0.5, POSITIONS, WIDTH)
kind = tensor(0.5, 2, WIDTH)


def norm_weights():
    return 1 + tensor(0.5, WIDTH), tensor(0.5, WIDTH)


def linear_weights(columns, depth):
    return tensor(0.25, columns, depth), tensor(0.5, columns)


embedding_norm = norm_weights()
layers = [
    dict(
        query=linear_weights(WIDTH, WIDTH),
        key=linear_weights(WIDTH, WIDTH),
        value=linear_weights(WIDTH, WIDTH),
        attention=linear_weights(WIDTH, WIDTH),
        attention_norm=norm_weights(),
        intermediate=linear_weights(WIDE, WIDTH),
        output=linear_weights(WIDTH, WIDE),
        output_norm=norm_weights(),
    )
    for _ in range(LAYERS)
]


def norm(x, weights):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + EPSILON) * weights[0] + weights[1]


def linear(x, weights):
    return x @ weights[0].T + weights[1]


def rows(tokens):
    hidden = norm(word[tokens] + position[: len(tokens)] + kind[0], embedding_norm)
    for layer in layers:
        head = WIDTH // HEADS
        split = lambda name: linear(hidden, layer[name]).reshape(-1, HEADS, head).transpose(1, 0, 2)
        query, key, value = split("query"), split("key"), split("value")
        scores = np.exp(query @ key.transpose(0, 2, 1) / sqrt(head))
        scores /= scores.sum(-1, keepdims=True)
        context = (scores @ value).transpose(1, 0, 2).reshape(-1, WIDTH)
        hidden = norm(hidden + linear(context, layer["attention"]), layer["attention_norm"])
        inner = linear(hidden, layer["intermediate"])
        inner = inner * 0.5 * (1 + np.vectorize(erf)(inner / sqrt(2)))
        hidden = norm(hidden + linear(inner, layer["output"]), layer["output_norm"])
    return hidden


# "the bird sings", the same with the text cut to 16 tokens, and nothing; [CLS] is 2 and [SEP] is 3.
for tokens in ([2, 5, 6, 7, 8, 3], [2] + [5, 6] * 7 + [3], [2, 3]):
    result = rows(tokens)
    for pooled in (result.mean(0), result[0]):
        vector = pooled / np.linalg.norm(pooled)
        print(tokens, [round(float(it), 6) for it in vector[:6]], round(float(vector[-1]), 6))
