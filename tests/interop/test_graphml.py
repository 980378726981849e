"""A connectome that bramble exports is the same graph in networkx, numpy and json.

Usage: test_graphml.py BRAMBLE. Exit status 77, with a message, when a package is missing.
"""
import csv
import json
import os
import subprocess
import sys
import tempfile

try:
    import networkx
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing} (Debian packages python3-networkx and python3-numpy)")
    sys.exit(77)

EDGES = """pre,post,type,synapses
AVAL,AVAR,chemical,2
AVAR,AVAL,chemical,3
DD1,AVAL,chemical,1
DD1,BWM-DL01,chemical,4
AVAL,AVBL,electrical,5
AVAL,AVAL,electrical,6
"""


def main(bramble):
    def run(*arguments):
        subprocess.run([bramble, *arguments], check=True, stdout=subprocess.DEVNULL)

    with open("edges.csv", "w") as f:
        f.write(EDGES)
    run("import", "edges.csv", "-o", "worm.h5", "--quiet")
    run("export", "worm.h5", "connectome/edges", "-o", "worm.graphml")
    run("export", "worm.h5", "connectome/edges", "-o", "worm.json")
    run("export", "worm.h5", "connectome/edges/chemical", "-o", "chemical.npy")

    graph = networkx.read_graphml("worm.graphml")
    assert graph.is_directed()
    assert set(graph.nodes) == {"AVAL", "AVAR", "AVBL", "BWM-DL01", "DD1"}
    assert graph.nodes["BWM-DL01"]["kind"] == "muscle"
    assert graph.nodes["AVAL"]["examined"] == 1 and graph.nodes["AVAL"]["transmitter"] == "ACh"
    edges = {(a, b, d["layer"]): d for a, b, d in graph.edges(data=True)}
    assert len(edges) == 7
    assert edges["AVAL", "AVAR", "chemical"]["weight"] == 2.0
    assert edges["DD1", "AVAL", "chemical"]["sign"] == -1
    assert edges["AVBL", "AVAL", "gap"]["weight"] == edges["AVAL", "AVBL", "gap"]["weight"] == 5.0
    assert edges["AVAL", "AVAL", "gap"]["weight"] == 6.0

    matrix = np.load("chemical.npy")
    with open("chemical.nodes.csv", newline="") as f:
        nodes = [row["id"] for row in csv.DictReader(f)]
    at = {name: i for i, name in enumerate(nodes)}
    assert matrix[at["AVAR"], at["AVAL"]] == 3 and matrix[at["AVAL"], at["DD1"]] == 0
    assert matrix[at["DD1"], at["BWM-DL01"]] == 4
    assert np.isnan(matrix[at["BWM-DL01"], at["DD1"]])  # what a muscle sends was not examined

    with open("worm.json") as f:
        document = json.load(f)
    assert [n["id"] for n in document["nodes"]] == nodes
    assert len(document["edges"]) == 6
    print("networkx", networkx.__version__)


if __name__ == "__main__":
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main(program)
