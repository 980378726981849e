"""Networks that bramble fits, saves and loads forecast in PyTorch what they forecast here.

Usage: test_torch.py BRAMBLE FOLDER, which holds load_network.py. Exit status 77, with a message, when a
package is missing.
"""
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

BRAMBLE = os.path.abspath(sys.argv[1])
sys.path.insert(0, os.path.abspath(sys.argv[2]))
sys.dont_write_bytecode = True
import load_network  # noqa: E402

MOST = 1e-4  # float32 here and there; traces have deviations of about 1
RECORDING, HEADS, WINDOW = "worm01", 2, 64


def bramble(*words):
    out = subprocess.run([BRAMBLE, *words, "-q"], capture_output=True, text=True, timeout=100)
    assert out.returncode == 0, (words, out.stderr)


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


def check_recurrent(spec, y):
    name = spec.split(":")[0] + ".h5"
    here = fitted(name, spec, y)
    body, readout, scale = load_network.recurrent(name)
    z = z_scored(y[:-1], scale)
    there = values(readout, scale, z, body(z[:, None])[0][:, 0], "increment" in spec)
    compare(spec, there, here)
    z = z.flip(0)  # another order gives other forecasts: the comparison could have failed
    other = values(readout, scale, z, body(z[:, None])[0][:, 0], "increment" in spec)
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


def main():
    bramble("simulate", "simulated-worm", "-o", "worm.h5")
    with h5py.File("worm.h5") as f:
        y = f[f"recordings/{RECORDING}/activity"][:].astype(float)
    assert np.isfinite(y).all()
    for spec in ("rnn:hidden=12,layers=2", "gru:hidden=12", "gru:hidden=7,layers=3,target=increment", "lstm:hidden=12",
                 "lstm:hidden=9,layers=2"):
        check_recurrent(spec + ",window=64,steps=30,rate=0.01", y)
    shape = f"encoder:width=16,heads={HEADS},layers=2,ff=24,window={WINDOW},steps=30,rate=0.01"
    check_encoder(shape, y)
    check_encoder(shape + ",target=increment", y)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        os.chdir(folder)
        main()
        os.chdir("/")
