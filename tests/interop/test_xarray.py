"""A homogenized file opens in h5py and, group by group, in xarray with either netCDF-4 engine.

Usage: test_xarray.py WRITE_SAMPLE (the program made from write_sample.c). Exit status 77, with a
message, when a package is missing.
"""
import os
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
    import xarray
except ImportError as missing:
    print(f"skipped: {missing} (Debian packages python3-h5py and python3-xarray)")
    sys.exit(77)


def engines():
    found = []
    for engine, module in (("netcdf4", "netCDF4"), ("h5netcdf", "h5netcdf")):
        try:
            __import__(module)
            found.append(engine)
        except ImportError:
            print(f"no engine {engine}: python module {module} is absent")
    return found


def check_h5py(path):
    with h5py.File(path, "r") as f:
        assert f.attrs["bramble_schema"] == 1
        assert f.attrs["dataset"] == "d\u00e9mo"
        w = f["recordings/w1"]
        assert w.attrs["dt"] == 0.5
        a = w["activity"]
        assert a.dtype == np.float32 and a.shape == (6, 3)
        assert np.isnan(a.fillvalue) and np.isnan(a.attrs["_FillValue"])
        assert a.attrs["units"] == "dF/F"
        assert a.dims[0][0] == w["time"] and a.dims[1][0] == w["neuron"]
        assert w["neuron"].asstr()[2] == "RIM\u03b1"
        assert h5py.h5ds.is_scale(w["neuron"].id)
        assert w["neuron"].attrs["REFERENCE_LIST"].shape == (7,)  # 3 columns, activity, its mask, 2
        assert w["activity_present"][1, 1] == 0 and w["activity_present"][()].sum() == 17
        assert w["events"].shape == (0,)


def check_xarray(path, engine):
    with xarray.open_dataset(path, group="recordings/w1", engine=engine) as d:
        assert d.attrs["dt"] == 0.5
        a = d["activity"]
        assert a.dims == ("time", "neuron") and a.attrs["units"] == "dF/F"
        assert {"time", "neuron", "neuron_class", "neuron_depth", "neuron_column"} <= set(a.coords)
        assert a.sel(neuron="RIM\u03b1", time=1.5) == 11
        assert np.isnan(a.values[1, 1]) and np.isnan(a.values).sum() == 1
        assert list(d["neuron_class"].values) == ["AVA", "", "RIM"]
        assert list(d["neuron_column"].values) == [7, 8, 9]
        assert d["time"].attrs["units"] == "s" and d["time"].values[5] == 2.5
        assert d["distance"].dims == ("neuron", "neuron")
        assert d.sizes["events"] == 0
    with xarray.open_dataset(path, group="connectome/demo", engine=engine) as d:
        assert list(d["chemical_from"].values) == ["AVAL", "RIML"]
        assert d["chemical_weight"].dims == ("chemical",)
        assert list(d["chemical_weight"].values) == [3, 4.5]


with tempfile.TemporaryDirectory() as folder:
    sample = os.path.join(folder, "sample.h5")
    subprocess.run([sys.argv[1], sample], check=True)
    check_h5py(sample)
    tried = engines()
    for name in tried:
        check_xarray(sample, name)
    print("h5py", *tried, "can read a homogenized file")
    if not tried:
        print("skipped: neither netCDF4 nor h5netcdf is importable")
        sys.exit(77)
