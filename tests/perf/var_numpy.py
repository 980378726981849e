"""The fit of perf_var.c by the explicit design: processor seconds (median of 5), peak MiB above the data, sum of |weights|.

var_numpy.py FILE ROWS UNITS LAGS PENALTY - FILE holds ROWS x UNITS doubles.
"""
import os
import sys

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
import resource
import time

import numpy as np


def fit(y, lags, penalty):
    design = np.hstack([y[lags - l : -l] for l in range(1, lags + 1)])
    target = y[lags:]
    design -= design.mean(0)
    target = target - target.mean(0)
    gram = design.T @ design
    gram[np.diag_indices_from(gram)] += penalty
    factor = np.linalg.cholesky(gram)
    # numpy has no triangular solve; scipy's is used where it is installed
    try:
        from scipy.linalg import cho_solve
        return cho_solve((factor, True), design.T @ target)
    except ImportError:
        return np.linalg.solve(gram, design.T @ target)


file, rows, units, lags = sys.argv[1], *map(int, sys.argv[2:5])
penalty = float(sys.argv[5])
series = np.fromfile(file).reshape(rows, units)
try:
    import scipy.linalg  # its loading is not what is measured
except ImportError:
    pass
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, seconds = peak(), []
for _ in range(5):
    at = time.process_time()
    weights = fit(series, lags, penalty)
    seconds.append(time.process_time() - at)
print(sorted(seconds)[2], peak() - before, np.abs(weights).sum())
