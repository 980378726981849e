"""A pickle of the homogenized collection is refused with a line that makes a CSV; that line works.

Usage: test_pickle.py BRAMBLE. Exit status 77, with a message, when a package is missing. Arrays of
numpy stand for torch's tensors: what the line asks of them is the same.
"""
import os
import pickle
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing} (Debian packages python3-h5py and python3-numpy)")
    sys.exit(77)

SAMPLES, SLOTS = 1500, 300
time = np.float16(0.333 * np.arange(SAMPLES))[:, None]
calcium = np.zeros((SAMPLES, SLOTS), np.float16)
calcium[:, 12] = np.sin(np.arange(SAMPLES) / 9)
calcium[:, 40] = np.cos(np.arange(SAMPLES) / 5)
worm = {
    "source_dataset": "Kato2015", "extra_info": {"data_file": "WT_NoStim.mat"},
    "neuron_to_slot": {"AVAL": 12, "7": 40}, "labeled_neuron_to_slot": {"AVAL": 12},
    "original_calcium_data": calcium, "original_time_in_seconds": time,
}


def run(*words, folder):
    return subprocess.run(words, cwd=folder, capture_output=True, text=True)


with tempfile.TemporaryDirectory() as folder:
    bramble = os.path.abspath(sys.argv[1])
    with open(os.path.join(folder, "Kato2015.pickle"), "wb") as file:
        pickle.dump({"worm0": worm}, file)
    refusal = run(bramble, "import", "Kato2015.pickle", "-o", "worm.h5", folder=folder)
    assert refusal.returncode == 3 and refusal.stderr.count("\n") == 1, refusal.stderr
    line = refusal.stderr[refusal.stderr.index("python3 -c"):].strip()
    subprocess.run(line.replace("python3", sys.executable, 1), shell=True, check=True, cwd=folder)
    done = run(bramble, "import", "Kato2015.pickle.csv", "-o", "worm.h5", folder=folder)
    assert done.returncode == 0, done.stderr
    with h5py.File(os.path.join(folder, "worm.h5")) as f:
        recording = f["recordings/Kato2015-worm0"]
        assert list(recording["neuron_label"].asstr()) == ["AVAL", ""]
        np.testing.assert_array_equal(recording["raw"], np.float64(calcium[:, [12, 40]]))
        assert abs(recording.attrs["dt"] - 0.333) < 1e-3  # from stamps in half precision
        assert recording.attrs["source_file"] == "WT_NoStim.mat"
print("a pickle is turned into a table by the line that refuses it")
