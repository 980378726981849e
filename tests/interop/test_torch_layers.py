"""The numbers of tests/unit/torch_layers.h are what PyTorch computes, in double.

Usage: test_torch_layers.py HEADER [--write]. A layer of torch.nn.TransformerDecoderLayer and the readout by queries
of regions (core/nn_readout_roi.h's formulas in torch.nn modules): outputs and all gradients. With --write the header
is written. Exit status 77, with a message, when PyTorch is missing.
"""
import math
import sys

try:
    import torch
except ImportError as missing:
    print(f"skipped: {missing} (Debian package python3-torch)")
    sys.exit(77)

try:
    from torch.func import functional_call
except ImportError:  # before PyTorch 2
    from torch.nn.utils.stateless import functional_call

HEADER = """/*
 * torch_layers.h - outputs and gradients of two layers of attention, by PyTorch %s in double, as
 * tests/interop/test_torch_layers.py writes and checks them.
 *
 * Everything that goes in is drawn by torch_draw, one array after the other. The loss is the sum of
 * the outputs times as many draws. Gradients stand in the order of what was drawn.
 */
#ifndef BRAMBLE_TESTS_TORCH_LAYERS_H
#define BRAMBLE_TESTS_TORCH_LAYERS_H

#include <stdint.h>

/* The next number within -size and size, by a linear congruential generator (Knuth). */
static inline double torch_draw(uint32_t *state, double size)
{
    *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
    return size * ((double)(*state >> 8) / 8388608 - 1);
}
"""


class Draws:
    """As torch_draw; keeps what was drawn, for its gradients."""

    def __init__(self, seed):
        self.state, self.drawn = seed, []

    def __call__(self, size, *shape):
        values = []
        for _ in range(math.prod(shape)):
            self.state = (self.state * 1664525 + 1013904223) % 2**32
            values.append(size * ((self.state >> 8) / 8388608 - 1))
        self.drawn.append(torch.tensor(values, dtype=torch.float64).reshape(shape).requires_grad_())
        return self.drawn[-1]

    def module(self, module, names, size=0.8):
        """Draws a module's parameters; gradients come back to the draws."""
        shapes = dict(module.named_parameters())
        return {name: self(size, *shapes[name].shape) for name in names}

    def finish(self, y):
        inputs = list(self.drawn)
        (y * self(1, *y.shape).detach()).sum().backward()
        grads = [torch.zeros_like(v) if v.grad is None else v.grad for v in inputs]
        return y.detach().flatten().tolist(), torch.cat([g.flatten() for g in grads]).tolist()


ATTENTION = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
FORWARD = ("linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias")


def norms(count):
    return tuple(f"norm{k + 1}.{what}" for k in range(count) for what in ("weight", "bias"))


def decoder():
    """Two sequences of 3 and 4 rows over rows 0 .. 1 and 1 .. 5 of a memory, width 4, 2 heads, ff 3."""
    draw = Draws(1)
    layer = torch.nn.TransformerDecoderLayer(4, 2, 3, 0, "gelu", batch_first=True, norm_first=True).double()
    names = [f"{a}.{n}" for a in ("self_attn", "multihead_attn") for n in ATTENTION]
    weights = draw.module(layer, [*names, *FORWARD, *norms(3)])
    x, memory = draw(1, 7, 4), draw(1, 6, 4)
    y = []
    for first, rows, at, keys in ((0, 3, 0, 2), (3, 4, 1, 5)):
        later = torch.full((rows, rows), float("-inf"), dtype=torch.float64).triu(1)
        y.append(functional_call(layer, weights, (x[None, first : first + rows], memory[None, at : at + keys]),
                                            {"tgt_mask": later})[0])
    return draw.finish(torch.cat(y))


def sines(height, width, inner):
    """Positions of DETR: channels of rows, then of columns."""
    half = inner // 2

    def along(n):
        place = torch.arange(1, n + 1, dtype=torch.float64) / (n + 1e-6) * 2 * math.pi
        channel = torch.arange(half)
        angle = place[:, None] / 10000 ** (2 * torch.div(channel, 2, rounding_mode="floor") / half)
        return torch.where(channel % 2 == 1, angle.cos(), angle.sin())

    rows, columns = along(height)[:, None].expand(-1, width, -1), along(width)[None].expand(height, -1, -1)
    return torch.cat((rows, columns), 2).reshape(height * width, inner)


def regions():
    """2 images of 2 x 3 tokens of 3 channels, 2 queries, 3 units, 2 layers, inner 4, 2 heads, ff 3."""
    draw = Draws(2)
    member = torch.tensor([[1, 0], [0, 1], [1, 1]], dtype=torch.float64)
    project = draw(0.8, 4, 3), draw(0.8, 4)
    query, last, readout = draw(0.8, 2, 4), (draw(0.8, 4), draw(0.8, 4)), (draw(0.8, 3, 4), draw(0.8, 3))
    layers = []
    for _ in range(2):
        layer = torch.nn.TransformerDecoderLayer(4, 2, 3, 0, "relu").double()
        layers.append((layer, draw.module(layer, [*(f"multihead_attn.{n}" for n in ATTENTION), *FORWARD, *norms(2)])))
    x = draw(1, 2, 6, 3)
    linear, norm = torch.nn.functional.linear, torch.nn.functional.layer_norm
    memory = linear(x, *project)
    keys, t = memory + sines(2, 3, 4), torch.zeros(2, 2, 4, dtype=torch.float64)
    for layer, w in layers:
        attention = torch.nn.MultiheadAttention(4, 2, batch_first=True).double()
        own = {n: w[f"multihead_attn.{n}"] for n in ATTENTION}
        asked = norm(t, (4,), w["norm1.weight"], w["norm1.bias"]) + query
        t = t + functional_call(attention, own, (asked, keys, memory))[0]
        asked = norm(t, (4,), w["norm2.weight"], w["norm2.bias"])
        inside = torch.relu(linear(asked, w["linear1.weight"], w["linear1.bias"]))
        t = t + linear(inside, w["linear2.weight"], w["linear2.bias"])
    told = linear(norm(t, (4,), *last), readout[0])
    return draw.finish(torch.einsum("bqu,uq->bu", told, member) + readout[1])


def c_array(name, values):
    lines = [f"\nstatic const double {name}[{len(values)}] = {{"]
    for k in range(0, len(values), 4):
        lines.append("    " + ", ".join(f"{v:.15g}" for v in values[k : k + 4]) + ",")
    return "\n".join(lines) + "\n};\n"


def main(path, write):
    arrays = {}
    for name, case in (("decoder", decoder), ("regions", regions)):
        arrays[f"torch_{name}_y"], arrays[f"torch_{name}_gradient"] = case()
    if write:
        text = HEADER % torch.__version__.split("+")[0]
        text += "".join(c_array(name, values) for name, values in arrays.items()) + "\n#endif\n"
        open(path, "w").write(text)
        return
    text = open(path).read()
    for name, values in arrays.items():
        start = text.index("{", text.index(f"double {name}["))
        stored = [float(v) for v in text[start + 1 : text.index("}", start)].replace("\n", "").split(",") if v.strip()]
        assert len(stored) == len(values), name
        worst = max(abs(a - b) / max(1, abs(b)) for a, b in zip(stored, values))
        print(f"{name}: {len(values)} numbers, largest difference {worst:.2g}")
        assert worst < 1e-12, name


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1], "--write" in sys.argv[2:])
