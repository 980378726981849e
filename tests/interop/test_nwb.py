"""Files that pynwb writes are read right: traces, labels, behaviour, events of a whole-brain recording.

Usage: test_nwb.py BRAMBLE. Exit status 77, with a message, when a package is missing.
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
    from pynwb.behavior import BehavioralTimeSeries, Position
    from pynwb.ophys import DfOverF, Fluorescence, ImageSegmentation, OpticalChannel, RoiResponseSeries
except ImportError as missing:
    print(f"skipped: {missing} (python package pynwb)")
    sys.exit(77)

FRAMES, RATE, START = 50, 4.0, 2.0
LABELS = ["AVAL", "VB02", "", "OLQ?L", "AVAR"]
STAMPS = START + np.arange(FRAMES) / RATE + np.where(np.arange(FRAMES) > 30, 40, 0)
DATA = np.random.default_rng(5).normal(100, 20, (FRAMES, len(LABELS)))
DATA[:, 2] = np.nan
DATA[7, 0] = np.nan


def segmentation(nwb, characters):
    device = nwb.create_device("microscope")
    channel = OpticalChannel(name="green", description="GCaMP", emission_lambda=510.0)
    plane = nwb.create_imaging_plane(name="CalciumImVol", optical_channel=channel, description="head",
                                     device=device, excitation_lambda=488.0, indicator="GCaMP6s",
                                     location="head")
    table = ImageSegmentation(name="CalciumSeriesSegmentation")
    rows = table.create_plane_segmentation(name="Seg_tpoint_0", description="neurons", imaging_plane=plane)
    for i in range(len(LABELS)):
        rows.add_roi(voxel_mask=[(i, i, i, 1.0)])
    labels = [list(label) for label in LABELS] if characters else LABELS
    rows.add_column("ID_labels", "names", data=labels, index=characters)
    return table, rows


def write(path, characters, stamped, container):
    nwb = pynwb.NWBFile(session_description="made worm", identifier="session 1",
                        session_start_time=datetime(2020, 1, 1, tzinfo=timezone.utc))
    nwb.subject = pynwb.file.Subject(subject_id="worm 7", species="C. elegans", strain="OH16230", sex="O",
                                     age="P3D")
    module = nwb.create_processing_module("CalciumActivity", "calcium")
    table, rows = segmentation(nwb, characters)
    module.add(table)
    place = container(name="SignalDFoF" if container is DfOverF else "SignalRawFluor")
    module.add(place)
    time = {"timestamps": STAMPS} if stamped else {"rate": RATE, "starting_time": START}
    reverse = list(range(len(LABELS)))[::-1]
    place.add_roi_response_series(RoiResponseSeries(
        name="SignalCalciumImResponseSeries", data=DATA, unit="lumens", conversion=0.5,
        rois=rows.create_roi_table_region(description="all", region=reverse), **time))
    behaviour = nwb.create_processing_module("Behavior", "behaviour")
    speed = BehavioralTimeSeries(name="velocity")
    behaviour.add(speed)
    speed.create_timeseries(name="velocity", data=np.arange(FRAMES) / 10, unit="mm/s", **time)
    position = Position(name="Position")
    behaviour.add(position)
    position.create_spatial_series(name="place", data=np.arange(2.0 * FRAMES).reshape(FRAMES, 2),
                                   reference_frame="plate", **time)
    odours = pynwb.epoch.TimeIntervals(name="chemical_stimuli", description="odours")
    odours.add_column("stimulus", "which")
    odours.add_row(start_time=4.0, stop_time=6.0, stimulus="2-butanone")
    odours.add_row(start_time=8.0, stop_time=9.0, stimulus="NaCl")
    nwb.add_time_intervals(odours)
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(nwb)


def check(path, stamped):
    with h5py.File(path) as f:
        (recording,) = f["recordings"].values()
        assert list(recording["raw_neuron_raw_label"].asstr()) == LABELS[::-1]
        assert list(recording["neuron_label"].asstr()) == ["AVAR", "", "", "VB2", "AVAL"]
        np.testing.assert_array_equal(recording["raw"], DATA * 0.5)
        assert recording["raw"].attrs["units"] == "lumens"
        expected = STAMPS if stamped else START + np.arange(FRAMES) / RATE
        np.testing.assert_allclose(recording["raw_time"], expected - START, rtol=0, atol=1e-12)
        assert recording.attrs["start"] == START and recording.attrs["dt"] == 0.25
        assert ("time_segment" in recording) == stamped  # the gap is marked, not bridged
        assert recording.attrs["species"] == "Caenorhabditis elegans"
        assert recording.attrs["subject"] == "worm 7" and recording.attrs["strain"] == "OH16230"
        assert sorted(recording["variable"].asstr()) == ["place_x", "place_y", "velocity"]
        column = list(recording["variable"].asstr()).index("place_y")
        np.testing.assert_array_equal(recording["behaviour"][:, column], 2.0 * np.arange(FRAMES) + 1)
        assert list(recording["events"].asstr()) == ["2-butanone", "NaCl"]
        np.testing.assert_array_equal(recording["events_onset"], [2, 6])
        np.testing.assert_array_equal(recording["events_offset"], [4, 7])


warnings.simplefilter("ignore")
with tempfile.TemporaryDirectory() as folder:
    raw, out = os.path.join(folder, "worm.nwb"), os.path.join(folder, "worm.h5")
    for characters, stamped, container in ((True, False, Fluorescence), (False, True, DfOverF)):
        write(raw, characters, stamped, container)
        subprocess.run([sys.argv[1], "import", raw, "-o", out, "--force", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run([sys.argv[1], "check", out], check=True, stdout=subprocess.DEVNULL)
        check(out, stamped)
    print("recordings written by pynwb", pynwb.__version__, "are read right")
