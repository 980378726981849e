"""bramble diff: every reason for which a number may differ, made one at a time on a small recording.

Usage: test_diff.py BRAMBLE TOP. The standard library is enough.
"""
import csv
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile

BRAMBLE, TOP = (os.path.abspath(p) for p in sys.argv[1:3])
DEFINITION = """name: mine
version: 1
title: Mine
task: forecast
dataset: worm
metrics: ["mse"]
models: [copy, "ar:lags=5"]
options:
  gap: 10
  horizons: 1
  samples: 0
"""


def bramble(*words, code=0):
    out = subprocess.run([BRAMBLE, *words], capture_output=True, text=True, timeout=100)
    assert out.returncode == code, (words, out.returncode, out.stdout, out.stderr)
    return out.stdout


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def run(out, definition=DEFINITION, data="."):
    write("mine.yaml", definition)
    bramble("run", "./mine.yaml", "--data", data, "--out", out, "-q")


def differences(other, code=1):
    rows = list(csv.DictReader(io.StringIO(bramble("diff", "base", other, "--format", "csv", code=code))))
    return [r for r in rows if r["model"].startswith("ar")], rows


def other_code():
    """Cells as other code would have made them: a value, and the version that says why, are changed in the file."""
    try:
        import h5py
    except ImportError:
        print("skipped: no h5py, so no cell is changed to be that of other code")
        return
    for folder, was, then, reason in (("metric-code", "metric mse 1", "metric mse 9", "code of metric mse 1 to 9"),
                                      ("model-code", "model ar ", "model ar 9", r"code of model ar \d+ to 9\d+"),
                                      ("program", None, None, "program .* to 9.9")):
        shutil.copytree("base", folder)
        shutil.rmtree(folder + "/summaries")
        for name in os.listdir(folder + "/cells"):
            with h5py.File(f"{folder}/cells/{name}", "r+") as f:
                if not f.attrs["model"].startswith("ar"):
                    continue
                f["score_value"][0] += 1
                if was:
                    assert was in f.attrs["versions"], f.attrs["versions"]
                    f.attrs["versions"] = f.attrs["versions"].replace(was, then)
                else:
                    f.attrs["code_version"] = "9.9"
        found, _ = differences(folder)
        assert found and all(re.fullmatch(reason, r["why"]) for r in found), (folder, found)


def main():
    table = open(TOP + "/docs/examples/worm.csv").read()
    write("worm.csv", table)
    source = "generic:times=time,unit=dF/F"
    bramble("import", "worm.csv", "-o", "worm.h5", "--source", source, "-q")
    run("base")
    run("same")
    assert differences("same", code=0)[1] == []
    assert len(list(csv.DictReader(io.StringIO(bramble("diff", "base", "same", "--all", "--format", "csv"))))) == 4

    os.mkdir("changed")
    lines = table.splitlines()
    cells = lines[40].split(",")
    cells[1] = str(float(cells[1]) + 0.5)
    write("changed/worm.csv", "\n".join([*lines[:40], ",".join(cells), *lines[41:]]) + "\n")
    bramble("import", "changed/worm.csv", "-o", "changed/worm.h5", "--source", source, "-q")
    run("data", data="changed")
    run("version", DEFINITION.replace("version: 1", "version: 2"))
    run("option", DEFINITION.replace("gap: 10", "gap: 12"))
    run("spec", DEFINITION.replace("lags=5", "lags=4"))
    run("metric", DEFINITION.replace('["mse"]', '["mse", "mae"]'))
    run("fewer", DEFINITION.replace(', "ar:lags=5"', ""))
    reasons = {"data": "data ", "option": "option gap 10 to 12", "spec": "spec ar:lags=5,", "metric": "the list of metrics"}
    for folder, reason in reasons.items():
        found, _ = differences(folder)
        assert found and all(reason in r["why"] and ";" not in r["why"] for r in found), (folder, found)
    changed, _ = differences("spec")
    assert changed[0]["model"].startswith("ar:lags=4") and changed[0]["before"] != changed[0]["after"]
    drawn = DEFINITION.replace('"ar:lags=5"', '"esn:size=20"')
    write("mine.yaml", drawn)
    bramble("run", "./mine.yaml", "--data", ".", "--out", "seed0", "-q")
    bramble("run", "./mine.yaml", "--data", ".", "--out", "seed1", "--seed", "1", "-q")
    rows = list(csv.DictReader(io.StringIO(bramble("diff", "seed0", "seed1", "--format", "csv", code=1))))
    assert rows and all(r["why"] == "seed 0 to 1" and r["model"].startswith("esn") and r["before"] != r["after"]
                        for r in rows), rows
    other_code()
    # another version of the same definition: other keys, the same numbers
    assert differences("version", code=0)[1] == []
    single, _ = differences("fewer")
    assert single and all(r["why"] == "only in the first" and r["after"] == "" for r in single), single
    assert [r["before"] for r in differences("metric")[0] if r["score"].startswith("mae")] == ["", ""]
    print("one reason at a time:", ", ".join(reasons))


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    main()
