"""A session with units and presentations that pynwb writes is counted as numpy counts it.

Usage: test_nwb_spikes.py BRAMBLE. Exit status 77, with a message, when a package is missing.
"""
import os
import subprocess
import sys
import tempfile
import warnings
from datetime import datetime, timezone

try:
    import h5py
    import numpy as np
    import pynwb
except ImportError as missing:
    print(f"skipped: {missing} (python package pynwb)")
    sys.exit(77)

RANDOM = np.random.default_rng(3)
UNITS, IMAGES, REPEATS = 8, 5, 6
SPIKES = [np.sort(RANDOM.uniform(0, 60, RANDOM.integers(0, 900))) for _ in range(UNITS)]
ISI = np.array([0.1, 0.9, 0.2, 0.3, 0.1, 0.1, 0.4, 0.2])
ORDER = RANDOM.permutation(np.repeat(np.arange(-1, IMAGES), REPEATS))
START = 1 + 1.3 * np.arange(len(ORDER))
AREAS = ["VISp", "VISl", "LGd"]


def write(path):
    nwb = pynwb.NWBFile(session_description="made", identifier="session 9",
                        session_start_time=datetime(2020, 1, 1, tzinfo=timezone.utc))
    nwb.subject = pynwb.file.Subject(subject_id="mouse 4", species="Mus musculus", age="P100D", sex="M")
    device = nwb.create_device("probe")
    group = nwb.create_electrode_group("probeA", "probe", "cortex", device)
    for k, area in enumerate(AREAS):
        nwb.add_electrode(id=100 + k, x=1.0 * k, y=2.0 * k, z=3.0 * k, location=area, group=group)
    nwb.add_unit_column("peak_channel_id", "channel")
    nwb.add_unit_column("isi_violations", "violations")
    nwb.add_unit_column("quality", "by eye")
    for u in range(UNITS):
        nwb.add_unit(id=500 + u, spike_times=SPIKES[u], peak_channel_id=100 + u % 3,
                     isi_violations=ISI[u], quality="good" if u != 6 else "noise")
    shown = pynwb.epoch.TimeIntervals(name="natural_scenes_presentations", description="images")
    shown.add_column("frame", "number of the image")
    for start, image in zip(START, ORDER):
        shown.add_row(start_time=start, stop_time=start + 0.25, frame=float(image))
    nwb.add_time_intervals(shown)
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(nwb)


def expected(keep, start, stop):
    counts = np.full((IMAGES, len(keep), REPEATS), np.nan)
    for image in range(IMAGES):
        for r, onset in enumerate(START[ORDER == image]):
            for k, u in enumerate(keep):
                counts[image, k, r] = np.sum((SPIKES[u] >= onset + start) & (SPIKES[u] < onset + stop))
    return counts


def run(raw, out, options):
    subprocess.run([sys.argv[1], "import", raw, "-o", out, "--force", "--quiet", "--source",
                    "allen-neuropixels:id=s" + options], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([sys.argv[1], "check", out], check=True, stdout=subprocess.DEVNULL)


warnings.simplefilter("ignore")
with tempfile.TemporaryDirectory() as folder:
    raw, out = os.path.join(folder, "session.nwb"), os.path.join(folder, "session.h5")
    write(raw)
    report = subprocess.run([sys.argv[1], "import", raw, "--dry-run", "--format", "csv"], check=True,
                            capture_output=True, text=True).stdout
    assert "recognised,allen-neuropixels" in report, report
    run(raw, out, "")
    with h5py.File(out) as f:
        keep = [0, 2, 3, 4, 5, 7]
        np.testing.assert_array_equal(f["responses/s"], expected(keep, 0, 0.25))
        assert list(f["responses/neuron"].asstr()) == [str(500 + u) for u in keep]
        assert list(f["responses/neuron_area"].asstr()) == [AREAS[u % 3] for u in keep]
        assert list(f["stimuli/stimulus"].asstr()) == [f"natural_scenes-{i:03}" for i in range(IMAGES)]
        assert f["responses/s"].attrs["unit_rules"] == "isi_violations < 0.5, quality good"
    run(raw, out, ",from=0.05,to=0.15,areas=VISp,isi_violations=2")
    with h5py.File(out) as f:
        np.testing.assert_array_equal(f["responses/s"], expected([0, 3], 0.05, 0.15))
    print("a session written by pynwb", pynwb.__version__, "is counted right")
