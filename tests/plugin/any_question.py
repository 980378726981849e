"""A shared object takes part in every benchmark that says so, and every question of the contract is asked of it (but INSIDE,
which figures ask beside the scores).

Usage: any_question.py BRAMBLE TOP PLUGIN.so. Needs nothing but Python.
"""
import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile

BRAMBLE, TOP, PLUGIN = (os.path.abspath(p) for p in sys.argv[1:4])


def bramble(*words, code=0):
    out = subprocess.run([BRAMBLE, *words], capture_output=True, text=True, timeout=110)
    assert out.returncode == code, (words, out.returncode, out.stdout, out.stderr)
    return out.stdout


def run(name, task):
    """The benchmark with this model alone and few draws."""
    text = open(f"{TOP}/benchmarks/{name}.yaml").read()
    text = re.sub(r"^truth:.*\n", "", text, flags=re.M)
    text = re.sub(r"^models: \[.*?\]\n", "", text, flags=re.M | re.S)
    if "options:" not in text:
        text += "options:\n"
    with open(f"{name}.yaml", "w") as f:
        f.write(text + "  samples: 20\n")
    model = "any-question" + (":mask=connectome" if task == "wiring" else "")
    counts = next(csv.DictReader(io.StringIO(bramble("run", f"./{name}.yaml", "--out", "out-" + name, "--model", model,
                                                 "--plugin", PLUGIN, "--format", "csv", "-q"))))
    assert counts["scored"] == counts["planned"] != "0", (name, counts)


with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    contract = open(TOP + "/include/bramble/model.h").read()
    expected = set(re.findall(r"^    BRAM_ASK_(\w+),", contract, re.M))
    asked = set()
    for way in json.loads(bramble("list", "ways", "--format", "json"))["rows"]:
        name = way["benchmark"]
        if not name.startswith("simulated-") or "-full-" in name:
            continue
        words = re.findall(r"BRAM_ASK_(\w+)", way["shared_object"] or "")
        if words:
            run(name, way["task"])
        asked |= set(words)
        print(name, *(words or ["takes no models"]))
    assert asked == expected - {"INSIDE"}, (asked ^ expected)
