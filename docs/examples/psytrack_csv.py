# From the archive of psytrack to the table that datasets/psytrack-w053.yaml imports. The archive holds a pickle, which
# can run code when it is read: bramble does not.
import csv
import numpy

d = numpy.load("sampleRatData.npz", allow_pickle=True)["D"].item()
session = numpy.repeat(range(len(d["dayLength"])), d["dayLength"])
inputs = ["s1", "s2", "h", "c", "r", "s_avg"]
with open("psytrack_W053.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["session", "choice", "answer", "correct"]
                   + [name + which for name in inputs for which in ("_now", "_prev")])
    for t in range(len(session)):
        table.writerow([session[t], int(d["y"][t]) - 1, d["answer"][t], int(d["correct"][t])]
                       + [float(d["inputs"][name][t][k]) for name in inputs for k in (0, 1)])
