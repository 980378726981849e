"""Tables that pandas writes are read right: THINGS-fMRI, with texts and with mixed labels of columns.

Usage: test_things.py BRAMBLE. Exit status 77, with a message, when a package is missing.
"""
import os
import subprocess
import sys
import tempfile
import warnings

try:
    import h5py
    import numpy as np
    import pandas as pd
    import tables  # noqa: F401 (pandas writes HDF5 by it)
except ImportError as missing:
    print(f"skipped: {missing} (python packages pandas and tables)")
    sys.exit(77)

VOXELS, TRIALS = 300, 40
RANDOM = np.random.default_rng(7)
DATA = RANDOM.normal(size=(VOXELS, TRIALS))
IDS = RANDOM.permutation(5000)[:VOXELS]
SHOWN = [f"train{t:02}_01b.jpg" if t % 2 else f"test{t // 2 % 4}_12s.jpg" for t in range(TRIALS)]
TYPES = ["train" if t % 2 else "test" for t in range(TRIALS)]

warnings.simplefilter("ignore")
with tempfile.TemporaryDirectory() as folder:
    raw, trials, voxels, out = (os.path.join(folder, name) for name in (
        "sub-07_ResponseData.h5", "sub-07_StimulusMetadata.csv", "sub-07_VoxelMetadata.csv", "out.h5"))
    pd.DataFrame({"trial_type": TYPES, "session": 1, "run": 1, "subject_id": 7, "trial_id": range(TRIALS),
                  "stimulus": SHOWN, "concept": "thing"}).to_csv(trials, index=False)
    order = RANDOM.permutation(VOXELS)
    ceiling = RANDOM.uniform(0, 100, VOXELS)
    pd.DataFrame({"voxel_id": IDS[order], "voxel_x": order, "nc_singletrial": 1.0,
                  "nc_testset": ceiling[order]}).to_csv(voxels, index=False)
    for labels in ([str(t) for t in range(TRIALS)], list(range(TRIALS))):
        frame = pd.DataFrame(DATA, columns=labels)
        frame.insert(0, "voxel_id", IDS)
        frame.to_hdf(raw, key="ResponseData", mode="w")
        subprocess.run([sys.argv[1], "import", raw, trials, voxels, "-o", out, "--force", "--quiet",
                        "--source", "things-fmri:id=s,nc_testset=50"], check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run([sys.argv[1], "check", out], check=True, stdout=subprocess.DEVNULL)
        keep = np.flatnonzero(ceiling > 50)
        with h5py.File(out) as f:
            single = np.float32(DATA[keep][:, 1::2].T)
            np.testing.assert_array_equal(f["responses/s_training"][:, :, 0], single)
            for k in range(4):
                np.testing.assert_array_equal(f["responses/s"][k], np.float32(DATA[keep][:, 2 * k::8]))
            names = "neuron" if "neuron" in f["responses"] else "s_neuron"
            assert list(f["responses"][names].asstr()) == [str(i) for i in IDS[keep]]
    print("tables written by pandas", pd.__version__, "are read right")
