"""Networks that bramble fits, saves and loads forecast in PyTorch what they forecast here.

Usage: test_torch.py BRAMBLE FOLDER ASK, where FOLDER holds load_network.py and ASK is ask_network. Exit status 77,
with a message, when a package is missing.
"""
import math
import os
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
    import torch
except ImportError as missing:
    print(f"skipped: {missing} (Debian packages python3-h5py and python3-torch)")
    sys.exit(77)

BRAMBLE, ASK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[3])
sys.path.insert(0, os.path.abspath(sys.argv[2]))
sys.dont_write_bytecode = True
import load_network  # noqa: E402

MOST = 1e-4  # float32 here and there; traces have deviations of about 1
RECORDING, HEADS, WINDOW = "worm01", 2, 64


def run(*words):
    out = subprocess.run(words, capture_output=True, text=True, timeout=100)
    assert out.returncode == 0, (words, out.stderr)


def bramble(*words):
    run(BRAMBLE, *words, "-q")


def fitted(name, spec, y):
    """Fits a network, and returns what it forecasts of rows 1 and later."""
    where = ("--data", "worm.h5", "--recording", RECORDING)
    bramble("fit", "--model", spec, *where, "-o", name, "--force")
    bramble("predict", "--model", name, *where, "-o", "answers.h5", "--force")
    with h5py.File("answers.h5") as f:
        answers = f["prediction"][:]
    assert answers.shape == y.shape and np.isfinite(answers).all()
    return answers[1:]


def compare(what, there, here):
    worst = np.abs(there - here).max()
    print(f"{what}: largest difference {worst:.2g}")
    assert worst < MOST, what


def values(readout, scale, z, features, increment):
    """Forecasts of the row after each row of z."""
    mean, deviation = (s.numpy() for s in scale)
    ahead = readout(features).numpy() + (z.numpy() if increment else 0)
    return mean + deviation * ahead


def z_scored(y, scale):
    mean, deviation = (s.numpy() for s in scale)
    return torch.from_numpy(((y - mean) / deviation).astype("float32"))


def fed(z, spec):
    """What goes into a network: rows, or their differences from the row before."""
    return torch.cat((torch.zeros_like(z[:1]), z[1:] - z[:-1])) if "feed=increment" in spec else z


def check_recurrent(spec, y):
    name = spec.split(":")[0] + ".h5"
    here = fitted(name, spec, y)
    body, readout, scale = load_network.recurrent(name)
    z = z_scored(y[:-1], scale)
    there = values(readout, scale, z, body(fed(z, spec)[:, None])[0][:, 0], "target=increment" in spec)
    compare(spec, there, here)
    z = z.flip(0)  # another order gives other forecasts: the comparison could have failed
    other = values(readout, scale, z, body(fed(z, spec)[:, None])[0][:, 0], "target=increment" in spec)
    assert np.abs(other - here).max() > 100 * MOST


def check_encoder(spec, y):
    """Rows of the first window are foretold from it, later ones from windows that overlap by half."""
    here = fitted("encoder.h5", spec, y)
    features, readout, scale = load_network.encoder("encoder.h5", HEADS)
    z = z_scored(y[:-1], scale)
    there, row = np.empty_like(here), 0
    while row < len(z):
        first = row - WINDOW // 2 if row else 0
        window = z[first : first + WINDOW]
        end = first + len(window)
        there[row:end] = values(readout, scale, window, features(window), "increment" in spec)[row - first :]
        row = end
    compare(spec, there, here)


def check_continuous(spec, y):
    here = fitted("continuous.h5", spec, y)
    body, readout, scale = load_network.continuous("continuous.h5")
    z = z_scored(y[:-1], scale)
    compare(spec, values(readout, scale, z, body(z), False), here)


def check_masked(spec, y):
    """Held-out units are told from a window, whose middle half answers; the input says what is there."""
    where = ("--data", "worm.h5", "--recording", RECORDING)
    with h5py.File("worm.h5") as f:
        names = [s.decode() for s in f[f"recordings/{RECORDING}/activity"].dims[1][0][:]]
    hidden = [k for k in range(len(names)) if k % 4 == 1]
    listed = ",".join(names[k] for k in hidden)
    bramble("fit", "--model", spec, *where, "-o", "masked.h5")
    bramble("predict", "--model", "masked.h5", *where, "--held-out", listed, "-o", "told.h5")
    with h5py.File("told.h5") as f:
        here = f["prediction"][:, hidden]
    features, readout, scale = load_network.encoder("masked.h5", HEADS)
    seen = torch.ones(y.shape)
    seen[:, hidden] = 0
    z = torch.cat((z_scored(y, scale) * seen, seen), 1)
    there, row, quarter = np.empty_like(y), 0, WINDOW // 4
    while row < len(z):
        first = min(max(row - quarter, 0), max(len(z) - WINDOW, 0))
        window = z[first : first + WINDOW]
        end = len(z) if first + len(window) == len(z) else first + len(window) - quarter
        there[row:end] = values(readout, scale, window, features(window), False)[row - first : end - first]
        row = end
    compare(spec, there[:, hidden], here)


def check_tokens(spec, span, context):
    """Log densities of counts: Poisson, by the rate of the last token before each."""
    where = ("--data", "circuit.h5", "--recording", "network01")
    bramble("fit", "--model", spec, *where, "-o", "tokens.h5")
    run(ASK, "density", "tokens.h5", "circuit.h5", "network01", "density.h5")
    with h5py.File("circuit.h5") as f, h5py.File("density.h5") as g:
        y, here = f["recordings/network01/activity"][:], g["logdensity"][:]
    units, rows = y.shape[1], 400
    log_rates = load_network.tokens("tokens.h5", HEADS)
    there = np.empty((rows, units))
    for first in range(0, rows, span):
        before = [(n, first - t, y[t, n]) for t in range(max(first - context, 0), first) for n in np.flatnonzero(y[t])]
        token = [(units, 0, 1.0)] + [(n, t, y[first + t, n]) for t in range(span) for n in np.flatnonzero(y[first + t])]
        eta, last = log_rates(token, before), 0
        for t in range(span):
            for n in range(units):
                rate, count = eta[last, t, n].item(), y[first + t, n]
                there[first + t, n] = count * rate - math.exp(rate) - math.lgamma(count + 1)
                last += bool(count)
    compare(spec, there, here[:rows])
    alone, seen = log_rates(token, []), log_rates(token, before)  # memory matters: the comparison could have failed
    assert before and (alone - seen).abs().max() > 100 * MOST


def positions(height, width, inner):
    """Sines of DETR (Carion et al. 2020): the first half of the channels tells rows, the second columns."""
    out, half = torch.zeros(height, width, inner), inner // 2
    for i in range(inner):
        n = height if i < half else width
        angle = torch.arange(1, n + 1) / (n + 1e-6) * 2 * math.pi / 10000 ** (i % half // 2 * 2 / half)
        sine = angle.cos() if i % half % 2 else angle.sin()
        out[:, :, i] = sine[:, None] if i < half else sine
    return out.reshape(height * width, inner)


def check_regions(heads):
    """The readout by queries of regions, from its file."""
    run(ASK, "regions", "regions.h5", "mapped.h5")
    with h5py.File("regions.h5") as f, h5py.File("mapped.h5") as g:
        w = load_network.tensors(f, "roi")
        state = {name: torch.from_numpy(d[:]).float() for name, d in f["state"].items() if d.ndim == 2}
        x, here = torch.from_numpy(g["x"][:]).float(), g["mean"][:]
    height, width, channels = (int(v) for v in state["layout"][0])
    tokens = torch.empty_like(x)
    tokens[:, state["place"][0].long()] = x
    tokens = (tokens.reshape(len(x), height * width, channels) - state["channel"][0]) / state["channel"][1]
    linear, norm, inner = torch.nn.functional.linear, torch.nn.functional.layer_norm, len(w["input_proj.bias"])
    memory = linear(tokens, w["input_proj.weight"], w["input_proj.bias"])
    t = torch.zeros(len(x), *w["query_embed.weight"].shape)
    for k in range(2):
        ff = len(w["layers.0.linear1.bias"])
        layer = torch.nn.TransformerDecoderLayer(inner, heads, ff, 0, batch_first=True)
        named = {n.removeprefix(f"layers.{k}."): v for n, v in w.items() if n.startswith(f"layers.{k}.")}
        assert not layer.load_state_dict(named, strict=False).unexpected_keys
        asked = layer.norm1(t) + w["query_embed.weight"]
        t = t + layer.multihead_attn(asked, memory + positions(height, width, inner), memory)[0]
        t = t + layer.linear2(torch.relu(layer.linear1(layer.norm2(t))))
    told = linear(norm(t, (inner,), w["norm.weight"], w["norm.bias"]), w["linear.weight"])
    y = torch.einsum("bqu,uq->bu", told, state["member"]) + w["linear.bias"]
    there = state["unit"][0] + state["unit"][1] * y
    compare("readout-roi", there.numpy(), here)


def main():
    bramble("simulate", "simulated-worm", "-o", "worm.h5")
    with h5py.File("worm.h5") as f:
        y = f[f"recordings/{RECORDING}/activity"][:].astype(float)
    assert np.isfinite(y).all()
    for spec in ("rnn:hidden=12,layers=2", "gru:hidden=12", "gru:hidden=7,layers=3,target=increment", "lstm:hidden=12",
                 "lstm:hidden=9,layers=2", "gru:hidden=9,feed=increment,target=increment"):
        check_recurrent(spec + ",window=64,steps=30,rate=0.01", y)
    shape = f"encoder:width=16,heads={HEADS},layers=2,ff=24,window={WINDOW},steps=30,rate=0.01"
    check_encoder(shape, y)
    check_encoder(shape + ",target=increment", y)
    for spec in ("ctrnn:hidden=12", "ctrnn:hidden=8,layers=2,form=ltc", "ctrnn:hidden=8,layers=2,form=cfc",
                 "lowrank:hidden=12,rank=3,layers=2"):
        check_continuous(spec + ",window=64,steps=30,rate=0.01", y)
    check_masked("masked-" + shape, y)
    bramble("simulate", "simulated-circuit", "-o", "circuit.h5")
    check_tokens(f"spike-transformer:width=8,heads={HEADS},ff=12,layers=2,span=2,context=3,steps=60,rate=0.01", 2, 3)
    check_regions(2)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        os.chdir(folder)
        main()
        os.chdir("/")
