"""Files that the safetensors library itself writes: features and predictions score as the same numbers in .npz, to the bit.

Usage: test_safetensors.py BRAMBLE. Exit status 77, with a message, when a package is missing.
"""
import csv
import json
import os
import subprocess
import sys
import tempfile

try:
    import ml_dtypes
    import numpy as np
    from safetensors.numpy import save_file
except ImportError as missing:
    print(f"skipped: {missing} (packages safetensors, numpy and ml_dtypes of the Python package index, say in .venv)")
    sys.exit(77)

BRAMBLE = os.path.abspath(sys.argv[1])
rng = np.random.default_rng(4)
TYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]


def bramble(*words):
    out = subprocess.run([BRAMBLE, *words], capture_output=True, text=True, timeout=100)
    assert out.returncode == 0, (words, out.stdout, out.stderr)
    return out.stdout


def column(path, name):
    return [r[name] for r in csv.DictReader(open(path))]


def values(definition, models):
    bramble("run", definition, "--out", "results", "-q", *(w for m in models for w in ("-m", m)))
    boards = json.loads(bramble("leaderboard", "results", "--format", "json", "-q"))["benchmarks"]
    rows = [r for b in boards if definition.endswith(b["benchmark"] + ".yaml") for r in b["models"]]
    assert len(rows) == len(models) and all(r["scored"] for r in rows), rows
    return {r["value"] for r in rows}


def features():
    """Several layers in one file, in a folder of files, some of them maps; rows in another order and one more."""
    bramble("benchmark", "show", "simulated-vision-geometry", "--rows", "-o", "asked", "-q")
    ids = column("asked/rows.csv", "row")
    x = rng.integers(-9, 10, (len(ids), 2, 3, 4)).astype(float)    # exact in each type
    np.savez("net.npz", ids=np.array(ids), conv=x.reshape(len(ids), -1))
    models = ["files:net.npz"]
    for kind in TYPES:
        order = rng.permutation(len(ids))
        more = np.concatenate([x[order], rng.normal(size=(1, 2, 3, 4))])
        name = np.dtype(kind).name
        words = {"ids": json.dumps([ids[i] for i in order] + ["another"]), "made by": "a test"}
        save_file({"conv": more.astype(kind), "fc": rng.normal(size=(len(more), 5)).astype(kind)}, name + ".safetensors",
                  metadata=words)
        models.append(f"files:path={name}.safetensors,layer=conv")
        os.mkdir(name)
        save_file({"conv": more.astype(kind)}, f"{name}/net.safetensors")
        open(f"{name}/ids.txt", "w").write("\n".join(json.loads(words["ids"])))
        models.append(f"files:{name}")
    open("geometry.yaml", "w").write("name: geometry\nversion: 1\ntitle: Made\ntask: geometry\ndataset: simulated-vision\n"
                                     'metrics: ["rsa:rdm=correlation,compare=pearson"]\noptions: {samples: 0}\n')
    found = values("./geometry.yaml", models)
    assert len(found) == 1, found
    return len(models)


def predictions():
    bramble("benchmark", "show", "simulated-worm-behaviour", "--rows", "-o", "asked-worm", "-q")
    part, row = column("asked-worm/rows.csv", "part"), column("asked-worm/rows.csv", "row")
    units = [u for p, u in zip(column("asked-worm/units.csv", "part"), column("asked-worm/units.csv", "unit")) if p == "worm01"]
    time = np.array([float(t) for p, t in zip(part, row) if p == "worm01"])
    x = rng.integers(-9, 10, (len(time), len(units))).astype(float)
    models = []
    for kind in TYPES:
        folder = "as-" + np.dtype(kind).name
        os.mkdir(folder)
        save_file({"mean": x.astype(kind), "time": time}, f"{folder}/worm01.safetensors", metadata={"unit": json.dumps(units)})
        models.append("predictions:" + folder)
    os.mkdir("as-npz")
    np.savez("as-npz/worm01.npz", mean=x, time=time, unit=np.array(units))
    open("behaviour.yaml", "w").write("name: behaviour\nversion: 1\ntitle: Made\ntask: decode\ndataset: simulated-worm\n"
                                      "parts: [worm01]\nmetrics: [pearson]\noptions: {samples: 0}\n")
    found = values("./behaviour.yaml", [*models, "predictions:as-npz"])
    assert len(found) == 1, found
    return len(models) + 1


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    print(features(), "files of features and", predictions(), "of predictions score alike")
