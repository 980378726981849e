"""`bramble nlb` scores files that h5py wrote: bits per spike of held-out neurons as numpy counts them.

Usage: test_nlb.py BRAMBLE. Exit status 77, with a message, when a package is missing.
"""
import json
import os
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing} (python packages h5py and numpy)")
    sys.exit(77)

BRAMBLE = os.path.abspath(sys.argv[1])
TRIALS, BINS, HELD_IN, HELD_OUT = 30, 40, 12, 8


def bramble(*words):
    return subprocess.run([BRAMBLE, *words], capture_output=True, text=True, timeout=60)


def write(path, arrays):
    with h5py.File(path, "w") as f:
        for name, values in arrays.items():
            f[f"mc_maze_small/{name}"] = values


def log_likelihood(counts, rates):
    """Without the term of the counts alone, which cancels."""
    return (counts * np.log(rates) - rates).sum()


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    random = np.random.default_rng(0)
    rates = np.exp(random.normal(size=(TRIALS, BINS, HELD_OUT)) / 2 - 1)
    counts = random.poisson(rates).astype(float)
    flat = {n: np.ones((TRIALS, BINS, k)) for n, k in
            (("train_rates_heldin", HELD_IN), ("train_rates_heldout", HELD_OUT), ("eval_rates_heldin", HELD_IN))}
    write("submission.h5", {**flat, "eval_rates_heldout": rates})
    write("target.h5", {"eval_spikes_heldout": counts, "train_behavior": random.normal(size=(TRIALS, BINS, 2)),
                        "eval_behavior": random.normal(size=(TRIALS, BINS, 2))})
    null = np.broadcast_to(counts.mean((0, 1)), counts.shape)
    expected = (log_likelihood(counts, rates) - log_likelihood(counts, null)) / np.log(2) / counts.sum()

    ran = bramble("nlb", "submission.h5", "target.h5", "--format", "json")
    assert ran.returncode == 0, ran.stderr
    row, = json.loads(ran.stdout)["rows"]
    assert row["dataset"] == "mc_maze_small" and abs(row["co_bps"] - expected) < 1e-10, (row, expected)
    assert abs(row["vel_r2"]) < 0.05 and row["psth_r2"] is None, row  # rates without a signal tell no velocity

    swapped = bramble("nlb", "target.h5", "submission.h5")
    assert swapped.returncode == 2 and "eval_rates_heldout in target.h5" in swapped.stderr, swapped
    print("co-bps", row["co_bps"])
