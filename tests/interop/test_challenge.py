"""What every benchmark of the suite `simulated` exports, and challenges with a hidden test: the public dataset holds no target of the
test, in no form; answers score by the private one as by the data themselves, to the bit; another truth is refused; where a
test cannot be hidden, one sentence says why.

Answers are written from the public folder alone: what it exports is enough.

Usage: test_challenge.py BRAMBLE BENCHMARKS. Exit status 77, with a message, when a package is missing.
"""
import csv
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing} (Debian package python3-h5py)")
    sys.exit(77)

BRAMBLE, FOLDER = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
rng = np.random.default_rng(3)
CARD = "name: Net\nauthors: [A. Author]\nlicence: CC0-1.0\ntraining_data: the public half\nlink: https://example.org\n"
# tasks whose test can be hidden, and how; of all others --public says why not
BY_ROWS = {"cosmooth", "decode", "states", "graph", "links", "vessels"}
BY_STIMULI = {"encoding", "geometry", "time-resolved", "pseudo-depth"}


def bramble(*words, code=0):
    out = subprocess.run([BRAMBLE, *words], capture_output=True, text=True, timeout=300)
    assert out.returncode == code, (words, out.returncode, out.stdout, out.stderr)
    return out.stdout + out.stderr


def texts(values):
    return [v.decode() if isinstance(v, bytes) else v for v in values]


def table(path):
    return list(csv.DictReader(open(path)))


def arrays(path):
    """Every array of a file by its path."""
    found = {}
    with h5py.File(path) as f:
        f.visititems(lambda n, o: found.update({n: o[()]}) if isinstance(o, h5py.Dataset) else None)
    return found


def asked_of(folder):
    asked = {}
    for kind in ("row", "unit"):
        for r in table(f"{folder}/{kind}s.csv"):
            asked.setdefault(r["part"], {}).setdefault(kind, []).append((r["from"], r["to"]) if "from" in r else r[kind])
    return asked


# ---- what is hidden ---------------------------------------------------------------------------------

def hidden_values(task, full, options, asked, splits):
    """The targets of the test in the whole dataset, by part: columns of numbers, or pairs of nodes."""
    out = {}
    with h5py.File(full) as f:
        for part, a in asked.items():
            if task in ("cosmooth", "decode"):
                g = f[f"recordings/{part}"]
                time = np.array([float(t) for t in a["row"]])
                if task == "cosmooth":
                    units = texts(g["neuron"][()])
                    rows = np.isin(np.round(g["time"][()], 6), np.round(time, 6))
                    out[part] = g["activity"][()][rows][:, [units.index(u) for u in a["unit"] if u in units]]
                else:
                    at = g["behaviour_time"][()]
                    out[part] = g["behaviour"][()][(at >= time.min()) & (at <= time.max())]
            elif task == "vessels":
                by = f[f"connectome/{part}/{options['layer']}_{options['by']}"][()]
                out[part] = by[[int(r) for r in a["row"]]][:, None]
            elif task in BY_STIMULI:
                g = f[f"responses/{part}"]
                axis = g.dims[0][0]
                out[part] = g[()][np.isin(texts(axis[()]), a["row"])].reshape(-1, 1)
    return out


def check_values(name, public, hidden):
    """The values of a target stand in no array of the public file (but as many as meet by chance among float32), nor does
    any column follow one; nor are they in unused space."""
    everything = arrays(public)
    raw = open(public, "rb").read()
    for part, v in hidden.items():
        v = v[:, [c for c in range(v.shape[1]) if np.nanstd(v[:, c]) > 0]].astype(float)
        known = np.unique(v[np.isfinite(v)])
        known = known[known != np.round(known)]    # whole numbers stand everywhere
        assert len(known) > 20 or np.all(v == np.round(v)), (name, part, len(known))
        for path, x in everything.items():
            if x.dtype.kind != "f":
                continue
            for c in range(v.shape[1]):
                own = np.unique(v[:, c][np.isfinite(v[:, c]) & (v[:, c] != np.round(v[:, c]))]).astype("f4")
                met = np.isin(own, x.astype("f4")).sum()
                assert met <= 0.05 * len(own), (name, part, path, c, met, len(own))
            for column in x.reshape(len(x), -1).T if x.ndim and len(x) == len(v) > 20 else []:
                good = np.isfinite(column) & np.all(np.isfinite(v), axis=1)
                if good.sum() > 20 and np.std(column[good]) > 0:
                    r = np.corrcoef(column[good], v[good].T)[0, 1:]
                    assert np.nanmax(np.abs(r)) < 0.999, (name, part, path)
        for first in known[:200]:    # where HDF5 stores bytes as they are, in unused space as well
            assert raw.find(np.float64(first).tobytes()) < 0, (name, part, first)


def finds_leaks(name, full, hidden):
    """The check itself finds the targets where they are."""
    try:
        check_values(name, full, hidden)
    except AssertionError:
        return True
    return not any((v != np.round(v)).any() for v in hidden.values())    # counts cannot be told from others


def check_hidden(name, task, full, public, options, asked, splits):
    values = hidden_values(task, full, options, asked, splits)
    check_values(name, public, values)
    assert finds_leaks(name, full, values), name
    everything = arrays(public)
    top = {p.split("/")[0] for p in everything}
    allowed = {"asked", {"links": "connectome", "vessels": "connectome"}.get(task, "recordings")}
    if task in BY_STIMULI:
        allowed = {"asked", "responses", "stimuli"}
    assert top - {"neurons", *(p for p in everything if p.startswith("neurons_"))} <= allowed, (name, top)
    if task == "states":    # neither the states nor what they were made from
        kept = {p.split("/")[-1] for p in everything if p.startswith("recordings/")}
        assert kept <= {"activity", "activity_present", "time", "neuron", "time_segment"} | {
            k for k in kept if k.startswith("neuron_")}, (name, kept)
    if task == "links":
        part, = asked
        edges, shown = edges_of(full, part, options), edges_of(public, part, options)
        test = {(s["from"], s["to"]) for s in splits if s["set"] == "test"}
        hidden = test & edges
        known = {(s["from"], s["to"]) for s in splits if s["edge"] == "1"}
        assert len(hidden) > 20 and known <= shown, (name, len(hidden), len(known - shown))
        assert not hidden & shown and not {p[::-1] for p in hidden} & shown, (name, len(hidden & shown))
        assert {s["edge"] for s in splits if s["set"] == "test"} == {""}, name


def edges_of(path, part, options):
    """Pairs with an edge; both ways where it has no direction."""
    out = set()
    with h5py.File(path) as f:
        g = f[f"connectome/{part}"]
        for layer in {k[:-5] for k in g if k.endswith("_from")}:
            for a, b, kind in zip(*(texts(g[f"{layer}_{k}"][()]) for k in ("from", "to", "type"))):
                both = kind in ("gap", "vessel") or options["direction"] == "undirected"
                out |= {(a, b), (b, a)} if both else {(a, b)}
    return out


# ---- answers ------------------------------------------------------------------------------------------

def answer(name, task, asked):
    """Files of answers to what is asked. @return the spec"""
    folder = f"answers-{name}"
    os.mkdir(folder)
    if task == "links":
        part, = asked
        with open(f"{folder}/scores.csv", "w", newline="") as f:
            csv.writer(f).writerows([("from", "to", "score"), *((a, b, rng.normal()) for a, b in asked[part]["row"])])
        return f"link-scores:path={folder}/scores.csv"
    if task in BY_STIMULI - {"encoding"}:
        ids = sorted({r for a in asked.values() for r in a["row"]})
        layers = ["first", "second"] if task != "time-resolved" else ["first"]
        np.savez(f"{folder}/net.npz", ids=np.array(ids), **{l: rng.normal(size=(len(ids), 6)) for l in layers})
        return f"files:{folder}/net.npz"
    for part, a in asked.items():
        rows, units = a.get("row", []), a.get("unit", [])
        path = f"{folder}/{part}.npz"
        time = {} if task in ("encoding", "vessels", "graph") else {"time": np.array([float(r) for r in rows])}
        if task == "graph":
            np.savez(path, unit=np.array(units), weights=rng.normal(size=(len(units), len(units))))
        elif task == "states":
            np.savez(path, posterior=rng.random((len(rows), 3)), **time)
        else:
            ids = {} if time else {"row": np.array(rows)}
            np.savez(path, mean=rng.normal(size=(len(rows), len(units))), unit=np.array(units), **time, **ids)
    return f"predictions:path={folder}"


def cells(folder, model):
    """Everything in the cells of a model, by part, but what names the definition."""
    out = {}
    for path in glob.glob(f"{folder}/cells/*.h5"):
        with h5py.File(path) as f:
            if not f.attrs["model"].startswith(model.split(":")[0]):
                continue
            assert f.attrs["state"] == "scored", (path, f.attrs["reason"])
            out[f.attrs["part"]] = {p: x.tobytes() if not x.dtype.hasobject else repr(x) for p, x in arrays(path).items()}
    assert out, folder
    return out


def short(path, models="[]"):
    """A definition with few draws and no models of its own."""
    text = re.sub(r"^models: \[.*?\]\n", "", open(path).read(), flags=re.M | re.S)
    text = re.sub(r"^truth: .*\n", "", text, flags=re.M)
    text = re.sub(r"^  samples: .*\n", "", text, flags=re.M)
    if "options:" not in text:
        text += "options:\n"
    return text.rstrip() + "\n  samples: 20\n"


def exports(name):
    """Each export is whole, or one sentence says why the question does not apply and nothing is written."""
    files = {"rows": ["rows.csv", "units.csv"], "splits": ["splits.csv"], "stimuli": ["stimuli", "stimuli.csv"]}
    ways = json.loads(bramble("benchmark", "show", name, "--format", "json", "-q"))["ways"]
    for what, expected in files.items():
        folder = f"export-{name}-{what}"
        out = subprocess.run([BRAMBLE, "benchmark", "show", name, f"--{what}", "-o", folder, "-q"], capture_output=True,
                             text=True, timeout=100)
        if out.returncode == 0:
            assert sorted(os.listdir(folder)) == expected, (name, what)
        else:
            told = out.stdout + out.stderr
            reason = "its dataset has no stimuli" if what == "stimuli" else "cannot be handed in as files: "
            assert out.returncode == 1 and reason in told and told.count("\n") == 1, (name, what, told)
            assert not os.path.exists(folder), (name, what)
        if what != "stimuli":
            assert (out.returncode == 0) == (ways[0]["by"] is not None), (name, what, ways)
    if os.path.exists(f"export-{name}-rows"):
        rows = [tuple(r.values()) for r in table(f"export-{name}-rows/rows.csv")]
        splits = [tuple(r.values())[:len(rows[0]) if rows else 2] for r in table(f"export-{name}-splits/splits.csv")]
        assert len(set(rows)) == len(rows) and set(rows) <= set(splits), name
        assert rows or "weights" in ways[1]["by"], name


def challenge(name):
    shown = json.loads(bramble("benchmark", "show", name, "--format", "json", "-q"))
    task, made = shown["task"], shown["dataset"]
    options = {o["name"]: o["value"] for o in shown["options"]}
    if task not in BY_ROWS | BY_STIMULI or options.get("evidence") == "perturbation":
        told = bramble("benchmark", "show", name, "--public", "-o", f"no-{name}", "-q", code=1)
        assert re.search(r"cannot be hidden: \S|cannot be handed in as files: \S", told), (name, told)
        assert told.count("\n") == 1 and not glob.glob(f"no-{name}/*/*"), told
        return task, told.split(": ", 2)[2].strip()
    if not os.path.exists(f"{made}.h5"):
        bramble("simulate", made, "-o", f"{made}.h5", "-q")
    folder = f"challenge-{name}"
    os.mkdir(folder)
    open(f"{folder}/{name}.yaml", "w").write(short(f"{FOLDER}/{name}.yaml"))
    definition = f"./{folder}/{name}.yaml"
    bramble("benchmark", "show", definition, "-d", ".", "--public", "-o", folder, "-q")
    public, private = f"{folder}/public/{name}-public", f"{folder}/private/{name}-truth"
    for half in (public, private):
        bramble("check", f"{half}.h5")

    # what is asked follows from the public half alone, and is what the private one asks
    asked_by = {}
    for half in (public, private):
        bramble("benchmark", "show", f"./{half}.yaml", "-d", os.path.dirname(half), "--rows", "--splits", "-o",
                f"{half}-asked", "-q")
        asked_by[half] = [open(f"{half}-asked/{f}.csv").read() for f in ("rows", "units")]
    assert asked_by[public] == asked_by[private], name
    asked, splits = asked_of(f"{public}-asked"), table(f"{public}-asked/splits.csv")
    check_hidden(name, task, f"{made}.h5", f"{public}.h5", options, asked, splits)

    # one score, whether by the truth, or by the data themselves
    spec = answer(name, task, asked)
    bramble("run", f"./{private}.yaml", "-d", f"{folder}/private", "--out", f"{folder}/by-truth", "-q", "-m", spec)
    found = cells(f"{folder}/by-truth", spec)
    if task in BY_ROWS:
        bramble("run", definition, "-d", ".", "--out", f"{folder}/by-data", "-q", "-m", spec)
        assert cells(f"{folder}/by-data", spec) == found, name
        told = bramble("run", f"./{public}.yaml", "-d", f"{folder}/public", "--out", f"{folder}/none", "-q", "-m", spec,
                       code=1)
        assert "the targets of its test are hidden" in told, told
    else:    # the data themselves with the hidden stimuli alone
        with h5py.File(f"{made}.h5") as f, h5py.File(f"{private}.h5") as t:
            for part, a in asked.items():
                g, h = f[f"responses/{part}"], t[f"responses/{part}"]
                rows = [texts(g.dims[0][0][()]).index(i) for i in texts(h.dims[0][0][()])]
                assert h[()].tobytes() == g[()][rows].tobytes() and set(a["row"]) <= set(texts(h.dims[0][0][()])), name

    # packed with the public half, scored with the truth
    if task != "links":
        open("card.yaml", "w").write(CARD)
        tar = f"{name}.tar"
        bramble("submit", f"./{public}.yaml", "-d", f"{folder}/public", "-m", spec, "-c", "card.yaml", "-o", tar, "-q")
        for half in (public, private):
            out = bramble("verify", tar, f"./{half}.yaml", "-d", os.path.dirname(half))
            assert out.startswith("accepted"), (name, out)
        own = ("submission:path=" if spec.startswith("files") else "submission-predictions:path=") + tar
        bramble("run", f"./{private}.yaml", "-d", f"{folder}/private", "--out", f"{folder}/packed", "-q", "-m", own)
        packed = cells(f"{folder}/packed", own)
        for part in found:
            same = [packed[part][k] == v for k, v in found[part].items() if k.startswith("score_value") or k == "raw"]
            assert same and all(same), (name, part)

    # another truth is none
    other = f"{folder}/other"
    shutil.copytree(f"{folder}/private", other)
    with h5py.File(f"{other}/{name}-truth.h5", "r+") as f:
        f.attrs["citation"] = "somebody else"
    told = bramble("run", f"./{private}.yaml", "-d", other, "--out", f"{folder}/none", "-q", "-m", spec, code=3)
    assert "it is the truth of another challenge" in told, told
    return task, None


with tempfile.TemporaryDirectory() as home:
    os.chdir(home)
    suite = open(f"{FOLDER}/suites/simulated.yaml").read()
    can, cannot = {}, {}
    for benchmark in re.findall(r"^  - (\S+)", suite, re.M):
        exports(benchmark)
        kind, why = challenge(benchmark)
        (cannot if why else can).setdefault(kind, []).append((benchmark, why))
    for kind, names in sorted(can.items()):
        print(f"hidden: {kind}: {', '.join(n for n, _ in names)}")
    for kind, names in sorted(cannot.items()):
        print(f"not: {kind}: {names[0][1]}")
    assert set(can) >= BY_ROWS | BY_STIMULI - {"pseudo-depth"}, sorted(can)
