"""Models from files: the same features in every format give the same score, whatever the order of the rows;
what a benchmark asks is exported; predictions and a hidden test go through.

Usage: test_outside.py BRAMBLE. Exit status 77, with a message, when a package is missing.
"""
import csv
import json
import os
import struct
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
    import scipy.io
    import xarray
except ImportError as missing:
    print(f"skipped: {missing} (Debian packages python3-h5py, python3-scipy, python3-xarray)")
    sys.exit(77)

BRAMBLE = os.path.abspath(sys.argv[1])
rng = np.random.default_rng(8)


def bramble(*words, code=0):
    out = subprocess.run([BRAMBLE, *words], capture_output=True, text=True, timeout=100)
    assert out.returncode == code, (words, out.returncode, out.stdout, out.stderr)
    return out


def safetensors(path, tensors, ids=None, word="ids"):
    """NAME -> (dtype, array of the bytes' type); see core/safetensors.h."""
    header, data = {}, b""
    if ids is not None:
        header["__metadata__"] = {word: json.dumps(ids)}
    for name, (dtype, array) in tensors.items():
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def mat73(path, numbers, texts):
    """A MATLAB 7.3 file: HDF5 behind 512 bytes of header, matrices transposed, texts as cells of references."""
    with h5py.File(path, "w", userblock_size=512) as f:
        for name, x in numbers.items():
            x = np.atleast_2d(x)
            f.create_dataset(name, data=x.T, chunks=tuple(min(n, 16) for n in x.T.shape), compression="gzip")
            f[name].attrs["MATLAB_class"] = np.bytes_({"f8": "double", "f4": "single"}[x.dtype.str[1:]])
        for name, words in texts.items():
            cell = f.create_dataset(name, (1, len(words)), dtype=h5py.ref_dtype)
            cell.attrs["MATLAB_class"] = np.bytes_("cell")
            for i, word in enumerate(words):
                at = f.create_dataset(f"#refs#/{name}{i}", data=np.array([[ord(c)] for c in word], "u2"))
                at.attrs["MATLAB_class"] = np.bytes_("char")
                cell[0, i] = at.ref
    with open(path, "r+b") as f:
        f.write(b"MATLAB 7.3 MAT-file".ljust(116) + bytes(8) + b"\x00\x02IM")


def bfloat(x):
    return (np.ascontiguousarray(x, "<f4").view("<u4") >> 16).astype("<u2")


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def scores(definition, data, models):
    """The value, or the reason, of each model by its spec."""
    words = [w for m in models for w in ("--model", m)]
    bramble("run", definition, "--data", data, "--out", "results", "-q", *words)
    out = bramble("leaderboard", "results", "--format", "json", "-q").stdout
    rows = {r["model"]: r for b in json.loads(out)["benchmarks"] for r in b["models"]
            if b["benchmark"] == os.path.basename(definition).split(".")[0]}
    found = {}
    for m in models:
        name = m if m in rows else next(r for r in rows if r.startswith(m.replace("files:", "files:path=") + ","))
        found[m] = rows[name]["value"] if rows[name]["scored"] else rows[name]["reason"]
    return found


def formats(x, ids):
    """x exact in float16 and bfloat16; every file has its rows in another order and one row more."""
    def shuffled():
        order = rng.permutation(len(ids))
        more = np.vstack([x[order], rng.integers(-9, 9, (1, x.shape[1]))])
        return more, [ids[i] for i in order] + ["another"]

    made = []

    def done(name):
        made.append("files:" + name)

    for kind in ("<f2", "<f4", "<f8", ">f2", ">f4", ">f8", "<i2"):
        for order in "CF":
            values, names = shuffled()
            stem = f"npy_{kind[1:]}{'big' if kind[0] == '>' else ''}{order}"
            np.save(stem + ".npy", np.array(values.astype(kind), order=order))
            np.save(stem + ".ids.npy", np.array(names))
            done(stem + ".npy")
    values, names = shuffled()
    np.savez_compressed("zipped.npz", ids=np.array(names), layer=values.astype("f4"))
    done("zipped.npz")
    values, names = shuffled()
    with open("table.csv", "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["stimulus"] + [f"f{k}" for k in range(values.shape[1])])
        out.writerows([n, *v] for n, v in zip(names, values))
    done("table.csv")
    for dtype, array in (("F32", lambda v: v.astype("<f4")), ("F16", lambda v: v.astype("<f2")), ("BF16", bfloat),
                         ("F64", lambda v: v.astype("<f8")), ("I8", lambda v: v.astype("i1"))):
        values, names = shuffled()
        safetensors(dtype + ".safetensors", {"layer": (dtype, array(values))}, names)
        done(dtype + ".safetensors")
    values, names = shuffled()
    scipy.io.savemat("v5.mat", {"layer": values, "ids": np.array(names, dtype=object)})
    done("v5.mat")
    for kind in ("f4", "f8"):
        values, names = shuffled()
        mat73(f"v73_{kind}.mat", {"layer": values.astype(kind)}, {"ids": names})
        done(f"v73_{kind}.mat")
    values, names = shuffled()
    with h5py.File("plain.h5", "w") as f:
        f.create_dataset("net/conv", data=values.astype(">f4"), chunks=(7, 3), compression="gzip")
        f["net"]["stimulus_id"] = names
        f["net"]["layer_number"] = 3
    done("plain.h5")
    values, names = shuffled()
    with h5py.File("half.hdf5", "w") as f:
        f["conv"] = values.astype("f2").reshape(len(names), 2, -1)
        f["ids"] = names
    done("half.hdf5")
    values, names = shuffled()
    xarray.DataArray(values, dims=("presentation", "neuroid"),
                     coords={"stimulus_id": ("presentation", names),
                             "neuroid_id": ("neuroid", np.arange(values.shape[1]))}, name="data").to_netcdf(
                                 "assembly.nc", engine="h5netcdf" if has("h5netcdf") else "netcdf4")
    done("assembly.nc")
    os.mkdir("folder")
    values, names = shuffled()
    np.save("folder/a.npy", values)
    write("folder/ids.txt", "\n".join(names) + "\n")
    done("folder")
    return made


def has(module):
    try:
        __import__(module)
        return True
    except ImportError:
        return False


def main():
    os.mkdir("data")
    bramble("simulate", "simulated-vision", "-o", "data/made.h5", "-q")
    with h5py.File("data/made.h5") as f:
        ids = [s.decode() for s in f["responses/stimulus"][:]]
        brain = f["responses/area"][:]
        units = [s.decode() for s in f["responses/neuron"][:]]
    brain = np.nanmean(brain, axis=2) if brain.ndim == 3 else brain
    x = rng.integers(-9, 10, (len(ids), 12)).astype(float)
    x[:, :6] += np.round(8 * np.tanh(brain[:, :6]))
    write("geometry.yaml", "name: geometry\nversion: 1\ntitle: Made\ntask: geometry\ndataset: made\n"
          'metrics: ["rsa:rdm=correlation,compare=pearson"]\noptions: {samples: 0}\n')
    write("encoding.yaml", "name: encoding\nversion: 1\ntitle: Made\ntask: encoding\ndataset: made\n"
          'metrics: ["pearson:constant=zero"]\nmodels: [mean]\noptions: {samples: 0, folds: 4}\n')

    # every format, to the bit
    found = scores("./geometry.yaml", "data", formats(x, ids))
    assert len(set(found.values())) == 1 and isinstance(list(found.values())[0], float), found
    print(len(found), "files of one model score alike:", list(found.values())[0])

    # what a benchmark asks, and predictions of it
    bramble("benchmark", "show", "./encoding.yaml", "-d", "data", "--rows", "--splits", "--stimuli", "-o", "asked", "-q")
    with open("asked/splits.csv") as f:
        splits = list(csv.DictReader(f))
    assert [s["row"] for s in splits] == ids and {s["fold"] for s in splits} == {"1", "2", "3", "4"}
    with open("asked/units.csv") as f:
        assert [u["unit"] for u in csv.DictReader(f)] == units
    with open("asked/rows.csv") as f:
        assert [r["row"] for r in csv.DictReader(f)] == ids
    layer = np.load("asked/stimuli/layer2.npy")
    assert layer.shape[0] == len(open("asked/stimuli/layer2.ids.txt").read().split())
    fold = np.array([int(s["fold"]) for s in splits])
    mean = np.zeros_like(brain)
    for k in range(1, 5):
        a = np.column_stack([np.ones((fold != k).sum()), x[fold != k]])
        b = np.column_stack([np.ones((fold == k).sum()), x[fold == k]])
        mean[fold == k] = b @ np.linalg.lstsq(a, brain[fold != k], rcond=None)[0]
    order, columns = rng.permutation(len(ids)), rng.permutation(len(units))
    for folder, rows, cols in (("straight", np.arange(len(ids)), np.arange(len(units))), ("mixed", order, columns)):
        os.mkdir(folder)
        np.savez(folder + "/area.npz", stimulus=np.array(ids)[rows], unit=np.array(units)[cols],
                 mean=mean[rows][:, cols])
    os.mkdir("lacking")
    np.savez("lacking/area.npz", stimulus=np.array(ids)[1:], unit=np.array(units), mean=mean[1:])
    os.mkdir("narrow")
    np.savez("narrow/area.npz", stimulus=np.array(ids), unit=np.array(units)[1:], mean=mean[:, 1:])
    found = scores("./encoding.yaml", "data", ["predictions:path=straight", "predictions:path=mixed",
                                               "predictions:path=lacking", "predictions:path=narrow"])
    assert found["predictions:path=straight"] == found["predictions:path=mixed"] > 0.1, found
    assert f'"{ids[0]}"' in found["predictions:path=lacking"], found
    assert f'"{units[0]}"' in found["predictions:path=narrow"], found
    expected = np.mean([np.corrcoef(mean[:, u] - blind(brain, fold)[:, u], brain[:, u] - blind(brain, fold)[:, u])[0, 1]
                        for u in range(len(units))])
    assert abs(found["predictions:path=straight"] - expected) < 1e-9, (found, expected)
    print("predictions from files:", expected)

    every_format_of_predictions()

    # a hidden test: no response to a hidden stimulus is public, the private half has those alone
    bramble("benchmark", "show", "./encoding.yaml", "-d", "data", "--public", "-o", "challenge", "-q")
    with h5py.File("challenge/public/encoding-public.h5") as f, h5py.File("challenge/private/encoding-truth.h5") as t:
        public = [s.decode() for s in f["responses/stimulus"][:]]
        hidden = [s.decode() for s in t["responses/stimulus"][:]]
        assert sorted(public + hidden) == sorted(ids) and len(hidden) == len(ids) // 5
        at = [ids.index(h) for h in hidden]
        truth = t["responses/area"][:]
        truth = np.nanmean(truth, axis=2) if truth.ndim == 3 else truth
        assert np.array_equal(truth, brain[at])
        assert f["stimuli/features/layer2"].shape[0] == t["stimuli/features/layer2"].shape[0] == layer.shape[0]
    bramble("check", "challenge/public/encoding-public.h5")
    bramble("check", "challenge/private/encoding-truth.h5")
    os.mkdir("submitted")
    np.savez("submitted/area.npz", stimulus=np.array(hidden), unit=np.array(units), mean=mean[at])
    found = scores("./challenge/private/encoding-truth.yaml", "challenge/private", ["predictions:path=submitted"])
    assert found["predictions:path=submitted"] > 0.1, found
    out = bramble("benchmark", "show", "simulated-worm-forecast", "--public", "-o", "worm", code=1)
    assert "the true past of a row" in out.stderr, out.stderr
    print("hidden test:", len(hidden), "stimuli, score", found["predictions:path=submitted"])


def every_format_of_predictions():
    """Behaviour told from files of every format: one score, to the bit, whatever the order of rows' neighbours and columns."""
    with open("behaviour.yaml", "w") as f:
        f.write("name: behaviour\nversion: 1\ntitle: Made\ntask: decode\ndataset: simulated-worm\nparts: [worm01]\n"
                "metrics: [pearson]\noptions: {samples: 0}\n")
    bramble("benchmark", "show", "./behaviour.yaml", "--rows", "-o", "asked-behaviour", "-q")
    with open("asked-behaviour/rows.csv") as f:
        time = np.array([float(r["row"]) for r in csv.DictReader(f)])
    with open("asked-behaviour/units.csv") as f:
        units = [u["unit"] for u in csv.DictReader(f)]
    x = rng.integers(-9, 10, (len(time), len(units))).astype(float)    # exact in float16 and bfloat16
    made = []

    def mixed(kind=float):
        order = rng.permutation(len(units))
        return np.c_[x[:, order], np.zeros(len(x))].astype(kind), [units[i] for i in order] + ["nobody's"]

    def done(name, write_it):
        os.makedirs("as-" + name)
        write_it("as-" + name + "/worm01")
        made.append("predictions:path=as-" + name)

    for kind in ("<f2", "<f4", "<f8", ">f2", ">f4", ">f8"):
        for order in "CF":
            def npz(path, kind=kind, order=order):
                v, names = mixed(kind)
                np.savez(path + ".npz", time=time, unit=np.array(names), mean=np.array(v, order=order))
            done(f"npz-{kind[1:]}{'big' if kind[0] == '>' else ''}{order}", npz)

    def h5(path, kind=">f4"):
        v, names = mixed(kind)
        with h5py.File(path + ".h5", "w") as f:
            f.create_dataset("mean", data=v, chunks=(16, 2), compression="gzip")
            f["time"], f["unit"] = time, names

    def nc(path):
        v, names = mixed("f4")
        xarray.DataArray(v, dims=("time", "unit"), coords={"time": time, "unit": names}, name="mean").to_netcdf(
            path + ".nc", engine="h5netcdf" if has("h5netcdf") else "netcdf4")

    def mat(path):
        v, names = mixed()
        scipy.io.savemat(path + ".mat", {"mean": v, "time": time, "unit": np.array(names, dtype=object)})

    def table(path):
        v, names = mixed()
        with open(path + ".csv", "w", newline="") as f:
            csv.writer(f).writerows([["time", *names], *([repr(t), *row] for t, row in zip(time.tolist(), v))])

    def mat_73(path):
        v, names = mixed()
        mat73(path + ".mat", {"mean": v, "time": time}, {"unit": names})

    def npy(path, kind="<f8", order="C", text=False):
        v, names = mixed(kind)
        np.save(path + ".npy", np.array(v, order=order))
        if text:
            write(path + ".time.txt", "".join(f"{t!r}\n" for t in time.tolist()))
            write(path + ".unit.txt", "\n".join(names))
        else:
            np.save(path + ".time.npy", time)
            np.save(path + ".unit.npy", np.array(names))

    done("npy", npy)
    done("npy-text", lambda path: npy(path, text=True))
    for kind in ("<f2", ">f4", ">f8"):
        for order in "CF":
            done(f"npy-{'big' if kind[0] == '>' else ''}{kind[1:]}{order}", lambda path, k=kind, o=order: npy(path, k, o))
    done("matlab-73", mat_73)
    done("h5", h5)
    done("h5-half", lambda path: h5(path, "<f2"))
    done("netcdf", nc)
    done("matlab", mat)
    done("table", table)
    for dtype, array in (("F32", lambda v: v.astype("<f4")), ("F16", lambda v: v.astype("<f2")), ("BF16", bfloat),
                         ("F64", lambda v: v.astype("<f8"))):
        def tensors(path, dtype=dtype, array=array):
            v, names = mixed()
            safetensors(path + ".safetensors", {"mean": (dtype, array(v)), "time": ("F64", time)}, names, "unit")
        done("safetensors-" + dtype, tensors)
    found = scores("./behaviour.yaml", ".", made)
    os.remove("as-npy/worm01.time.npy")
    lacking = scores("./behaviour.yaml", ".", ["predictions:path=as-npy"])    # other files: what was scored is no more
    assert "worm01.time.npy is not there" in lacking["predictions:path=as-npy"], lacking
    assert len(set(found.values())) == 1 and isinstance(list(found.values())[0], float), found
    print(len(found), "files of one prediction score alike:", list(found.values())[0])


def blind(brain, fold):
    out = np.zeros_like(brain)
    for k in set(fold):
        out[fold == k] = brain[fold != k].mean(axis=0)
    return out


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    main()
