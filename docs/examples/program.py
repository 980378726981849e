#!/usr/bin/env python3
"""A program for bramble's model `process` that answers whatever it can be asked, each in the simplest way.

    bramble run simulated --out results --model "process:python3 program.py"
    bramble run simulated-vision-geometry --out results --model "process-features:python3 program.py"

The protocol is in outside-models.md; numpy is all it needs. To make it your own, replace what answers the
questions you care about, and delete the others: what is not there is "not applicable".
"""
import os
import sys

import numpy as np


class Program:
    """FOLDER holds the arrays of each question; an answer goes there as well. NaN is missing."""

    def __init__(self, folder):
        self.folder = folder

    def load(self, name):
        path = os.path.join(self.folder, name + ".npy")
        return np.load(path) if os.path.exists(path) else None

    def save(self, name, values):
        np.save(os.path.join(self.folder, name + ".npy"), np.asarray(values, dtype=float))

    def rows(self, kind, what=""):
        """All target rows of the stretches to learn from, y or (what "_x") the inputs."""
        first = self.load(kind + "_first").astype(int)
        stretches = [self.load(f"{kind}{what}{i}") for i in range(len(first))]
        return np.concatenate([y[f:] for y, f in zip(stretches, first)]) if len(first) else None

    # ---- learning ---------------------------------------------------------------------------------

    def fit(self, seed):
        self.edge = self.load("edge")
        if self.edge is not None or self.load("unit") is None:
            return  # a graph, or stimuli alone
        y = self.rows("train")
        seen = ~np.isnan(y)
        count = np.maximum(seen.sum(axis=0), 1)
        self.mean = np.where(seen, y, 0).sum(axis=0) / count
        self.sd = np.sqrt(np.where(seen, (y - self.mean) ** 2, 0).sum(axis=0) / count)
        self.filled = np.where(seen, y, self.mean)
        whole = y[seen]
        self.counts = bool((whole >= 0).all() and (whole == np.floor(whole)).all())
        self.x = self.rows("train", "_x") if self.load("train_x0") is not None else None

    def ridge(self, x, y, new, penalty=1.0):
        """Least squares with a penalty, from standardized x to y, at new rows."""
        mean = np.nanmean(x, axis=0)
        sd = np.nanstd(x, axis=0)
        sd[~(sd > 0)] = 1
        x, new = (np.nan_to_num((a - mean) / sd) for a in (x, new))
        weights = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ (y - y.mean(axis=0)))
        return new @ weights + y.mean(axis=0)

    # ---- answers ----------------------------------------------------------------------------------

    def forecast(self, steps):
        """The last value that is known stays."""
        last = self.load("context")[:, -1]
        last = np.where(np.isnan(last), self.mean, last)
        self.save("mean", np.repeat(last[:, None, :], steps, axis=1))

    def density(self):
        """The distribution of each unit over the training rows, whatever came before."""
        n = len(self.load("context"))
        if self.counts:
            self.save("rate", np.tile(np.maximum(self.mean, 1e-6), (n, 1)))
        else:
            self.save("mean", np.tile(self.mean, (n, 1)))
            self.save("sd", np.tile(np.maximum(self.sd, 1e-6), (n, 1)))

    def respond(self):
        """From the inputs, or from the first set of features that the stimuli have."""
        x, new = self.x, self.load("x")
        if x is None:
            sets = sorted(f[8:-8] for f in os.listdir(self.folder) if f.startswith("stimuli_") and f.endswith("_ids.npy"))
            if not sets:
                raise NotImplementedError("no inputs and no features of the stimuli")
            at = {s: i for i, s in enumerate(self.load(f"stimuli_{sets[0]}_ids"))}
            features = self.load("stimuli_" + sets[0]).reshape(len(at), -1)
            x, new = (features[[at[s] for s in self.load(n)]] for n in ("train_row0", "row"))
        self.save("mean", self.ridge(x, self.filled, new))

    def cosmooth(self):
        """Held-out units from the others in the same row."""
        out = self.load("held_out") > 0
        y = np.tile(self.mean, (len(self.load("y")), 1))
        seen = np.where(np.isnan(self.load("y")), y, self.load("y"))[:, ~out]
        y[:, out] = self.ridge(self.filled[:, ~out], self.filled[:, out], seen, 10.0)
        self.save("mean", y)

    def states(self):
        """Two states: the sum of the standardized units above its mean or below."""
        y = self.load("y")
        z = np.nansum((y - self.mean) / np.maximum(self.sd, 1e-6), axis=1)
        high = 1 / (1 + np.exp(-np.clip(z, -50, 50)))
        self.save("posterior", np.stack([1 - high, high], axis=1))

    def weights(self):
        """How well the row before of one unit (the row of the matrix) predicts another."""
        z = (self.filled - self.mean) / np.maximum(self.sd, 1e-6)
        self.save("weights", z[:-1].T @ z[1:] / (len(z) - 1))

    def features(self):
        """The dataset's own features of the stimuli that are wanted, each standardized."""
        wanted = self.load("stimulus")
        for name in sorted(os.listdir(self.folder)):
            if not name.startswith("stimuli_") or not name.endswith("_ids.npy"):
                continue
            at = {s: i for i, s in enumerate(self.load(name[:-4]))}
            values = self.load(name[:-8]).reshape(len(at), -1)[[at[s] for s in wanted]]
            self.save("layer_" + name[8:-8], values)
            return  # a benchmark wants one layer; write more where it asks for one by name

    def learning(self):
        """How far the fit went from knowing nothing: the spread of the means, of one number."""
        self.save("measure_spread", [np.std(self.mean)])

    def links(self):
        """How many nodes lie on a path of two edges from one end to the other."""
        n = int(self.load("nodes")[0])
        a = np.zeros((n, n))
        a[self.edge[:, 0].astype(int), self.edge[:, 1].astype(int)] = 1
        i, j = self.load("pair").astype(int).T
        self.save("score", (a[i] * a.T[j]).sum(axis=1))


def main():
    program = None
    for line in sys.stdin:
        try:
            what, *rest = line.rstrip("\n").split(" ", 2 if line.startswith(("fit ", "forecast ")) else 1)
            if what == "bramble":
                print("ok", flush=True)
                continue
            if what == "fit":
                program = Program(rest[-1])
            answer = getattr(program, what, None)
            if answer is None:
                raise NotImplementedError("no answer to " + what)
            answer(*(int(number) for number in rest[:-1]))
            print("ok", flush=True)
        except NotImplementedError as reason:
            print("not applicable:", reason, flush=True)
        except Exception as error:  # the program's user sees it as the reason of the failed cell
            print("error:", str(error).replace("\n", " "), flush=True)


if __name__ == "__main__":
    main()
