"""The example program of the documents on a benchmark of every task that asks models: each cell is scored, and
where the program does what a built-in model does, it scores the same. Wrong answers are named.

Usage: test_program.py BRAMBLE TOP. Exit status 77, with a message, where numpy is missing.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

try:
    import numpy  # noqa: F401: the program needs it
except ImportError as missing:
    print(f"skipped: {missing} (Debian package python3-numpy)")
    sys.exit(77)

BRAMBLE, TOP = (os.path.abspath(p) for p in sys.argv[1:3])
PYTHON = sys.executable
# benchmark: the built-in model that the program equals (None: none does) and within what; or why it has no score
CASES = {
    "simulated-worm-forecast": ("copy", 1e-12),
    "simulated-worm-density": ("mean", 1e-9),
    "simulated-worm-cosmooth": (None, 0),
    "simulated-worm-behaviour": (None, 0),
    "simulated-worm-connections": (None, 0),
    "simulated-worm-stimulation": ("no effect between units", None),  # of a forecast by the last value
    "simulated-worm-links": ("common-neighbours", 0),
    "simulated-vision-encoding": (None, 0),
    "simulated-vision-geometry": ("features:layer1", 0),
    "simulated-vessels-class": (None, 0),
    "simulated-spikes-density": (None, 0),
    "simulated-spikes-states": (None, 0),
    "simulated-spikes-cosmooth": (None, 0),
    "simulated-spikes-connections": (None, 0),
    "simulated-worm-learning": (None, 0),
    "simulated-motor-inside": (None, 0),
    "simulated-vision-inference": (None, 0),
}


def bramble(*words, code=0):
    out = subprocess.run([BRAMBLE, *words], capture_output=True, text=True, timeout=110)
    assert out.returncode == code, (words, out.returncode, out.stdout, out.stderr)
    return out.stdout


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def definition(name, models, samples=20):
    """The definition of a benchmark with other models, none of them the truth, and few draws."""
    text = open(f"{TOP}/benchmarks/{name}.yaml").read()
    text = re.sub(r"^truth:.*\n", "", text, flags=re.M)
    text = re.sub(r"models:\s*\[.*?\]\n", "models: " + json.dumps(models) + "\n", text, flags=re.S)
    if "options:" not in text:
        text += "options:\n"
    return text + f"  samples: {samples}\n"


def rows(folder):
    boards = json.loads(bramble("leaderboard", folder, "--format", "json"))
    found = {}
    for board in boards if isinstance(boards, list) else boards.get("benchmarks", [boards]):
        for row in board.get("rows", board.get("models", [])):
            found[row["model"]] = row
    return found


def run(name, models, folder):
    os.mkdir(folder)
    write(f"{folder}/{name}.yaml", definition(name, models))
    bramble("run", f"./{folder}/{name}.yaml", "--out", folder + "/results", "-q")
    return rows(folder + "/results")


def check_all():
    for name, (same, tolerance) in CASES.items():
        model = "process-features" if "geometry" in name else "process"
        models = [f"{model}:{PYTHON} {TOP}/docs/examples/program.py"] + ([same] if same and tolerance is not None else [])
        found = run(name, models, "case-" + name)
        own = next(r for m, r in found.items() if m.startswith("process"))
        if tolerance is None:
            assert not own["scored"] and same in own["reason"], (name, own)
            continue
        assert own["scored"] and not own["failed"] and not own["not_applicable"], (name, own)
        if same:
            other = next(r for m, r in found.items() if not m.startswith("process"))
            assert abs(own["value"] - other["value"]) <= tolerance, (name, own["value"], other["value"])
        print(name, own["value"], "=" if same else "", same or "")


ANSWER = """import sys, os
import numpy as np
for line in sys.stdin:
    what, *rest = line.rstrip("\\n").split(" ", 1)
    folder = rest[-1].split(" ", 1)[-1] if rest else ""
    {body}
    print("ok", flush=True)
"""
WRONG = {  # what the program does when it is asked: what the cell says
    "if what == 'cosmooth': np.save(folder + '/mean.npy', np.zeros((3, 2)))": "mean.npy is 3 x 2, expected",
    "if what == 'cosmooth': np.save(folder + '/mean.npy', np.load(folder + '/y.npy'))": "says nothing of unit",
    "if what == 'cosmooth': np.save(folder + '/mean.npy', np.load(folder + '/y.npy') * np.inf)": "is inf",
    "if what == 'cosmooth': pass": "mean.npy",
    "if what == 'cosmooth': sys.exit('it is too hard')": "it wrote: it is too hard",
}


def check_wrong():
    for i, (body, said) in enumerate(WRONG.items()):
        write(f"wrong{i}.py", ANSWER.format(body=body))
        os.mkdir(f"wrong{i}")
        write(f"wrong{i}/simulated-worm-cosmooth.yaml", definition("simulated-worm-cosmooth", [f"process:{PYTHON} wrong{i}.py"]))
        out = subprocess.run([BRAMBLE, "run", f"./wrong{i}/simulated-worm-cosmooth.yaml", "--out", f"wrong{i}/results"],
                             capture_output=True, text=True, timeout=110)
        assert out.returncode == 1 and said in out.stderr, (body, out.returncode, out.stderr)
    print(len(WRONG), "wrong answers are named")


def check_table():
    """The table of tasks and ways in the document is what the program says of every benchmark that ships, what can be
    asked in files is exported, and the programs of each kind were run here."""
    text = open(TOP + "/docs/outside-models.md").read()
    rows = {}
    for row in re.findall(r"^\| ([a-z, -]+) \|([^|]*)\|([^|]*)\|([^|]*)\|$", text, re.M):
        for task in row[0].split(", "):
            rows[task] = row[1:]

    def words(cell):
        return set(re.findall(r"`([A-Za-z_-]+):?`", cell)) or {"no"}
    seen, programs = set(), set()
    listed = json.loads(bramble("list", "ways", "--format", "json"))["rows"]
    shipped = {f[:-5] for f in os.listdir(TOP + "/benchmarks") if f.endswith(".yaml")}
    assert {by["benchmark"] for by in listed} == shipped
    for by in listed:
        name, task = by["benchmark"], by["task"]
        assert (by["files"] is None) == bool(by["reason"]), by
        by = {k: v or "no" for k, v in by.items()}
        kind = "of pushes" if "evidence: perturbation" in open(f"{TOP}/benchmarks/{name}.yaml").read() else "of weights"
        files, program, plugin = (words(c) for c in rows[kind if task == "graph" else task])
        seen.add(task)
        assert files == set(re.findall(r"[a-z-]+(?=:)", by["files"])) or files == {"no"} and by["files"] == "no", (name, by)
        said = set(re.findall(r"[a-z-]+", by["program"]))
        assert said == program or program == {"no"} and by["program"] == "no", (name, by, program)
        said = set(re.findall(r"ASK_([A-Z_]+)", by["shared_object"]))
        assert said <= plugin and bool(said) != ("no" in plugin), (name, by, plugin)
        if by["program"] != "no":
            programs.add(task)
        if name.startswith("simulated-") and "full" not in name and task != "time-resolved":    # it exports nothing
            out = subprocess.run([BRAMBLE, "benchmark", "show", name, "--rows", "--splits", "-o", "asked-" + name],
                                 capture_output=True)
            assert (out.returncode == 0) == (by["files"] != "no"), (name, by, out.stderr)
    tried = {by["task"] for by in listed if by["benchmark"] in CASES}
    assert programs - tried == {"pseudo-depth", "psth", "time-resolved"}, programs - tried    # their data are not made here
    print(len(seen), "tasks in the table")


with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    check_table()
    check_all()
    check_wrong()
