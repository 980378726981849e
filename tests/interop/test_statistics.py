"""What a leaderboard says of models over benchmarks, and of differences, against scipy (and scikit-posthocs and
statsmodels, where they are installed): mean ranks, Friedman's test, Kendall's W, Nemenyi's critical difference, p of
Student's t, Holm's adjustment, Wilcoxon's signed ranks.

Usage: test_statistics.py BRAMBLE MAKE_RESULTS.
"""
import csv
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from scipy import stats

BRAMBLE, MAKE_RESULTS = (os.path.abspath(p) for p in sys.argv[1:3])
BENCHMARKS, MODELS, BLOCKS = 5, 24, 24


def table(name):
    with open(f"site/data/{name}.csv", newline="") as f:
        return list(csv.DictReader(f))


def number(text):
    return float(text) if text else np.nan


def over_benchmarks():
    rows, found = table("leaderboard"), table("mean-ranks")
    benchmarks = sorted({r["benchmark"] for r in rows})
    value = {(r["benchmark"], r["model"]): number(r["value"]) for r in rows}
    complete = [m for m in sorted({r["model"] for r in rows})
                if all(np.isfinite(value[b, m]) for b in benchmarks)]
    assert 4 < len(complete) < MODELS, complete    # some are left out
    assert {r["model"] for r in found} == set(complete)
    y = np.array([[value[b, m] for m in complete] for b in benchmarks])
    n, k = y.shape
    ranks = np.mean([stats.rankdata(-row) for row in y], axis=0)
    mine = np.array([number(next(r for r in found if r["model"] == m)["mean_rank"]) for m in complete])
    np.testing.assert_allclose(mine, ranks, rtol=1e-14)
    said = {key: number(found[0][key]) for key in found[0] if key not in ("model", "mean_rank")}
    chi2, p = stats.friedmanchisquare(*y.T)
    np.testing.assert_allclose([said["friedman_chi2"], said["friedman_p"]], [chi2, p], rtol=1e-10)
    np.testing.assert_allclose(said["kendall_w"], chi2 / (n * (k - 1)), rtol=1e-12)
    # scipy integrates the range of k normal variables with infinite degrees of freedom
    q = stats.studentized_range.ppf(0.95, k, np.inf) / np.sqrt(2)
    np.testing.assert_allclose(said["critical_difference"], q * np.sqrt(k * (k + 1) / (6 * n)), rtol=1e-6)
    print(f"mean ranks, Friedman, Kendall's W and Nemenyi's difference of {k} models on {n} benchmarks are scipy's")
    try:
        from scikit_posthocs import posthoc_nemenyi_friedman
    except ImportError:
        print("skipped: scikit-posthocs is not installed, so pairs are not held against its Nemenyi test")
        return
    pairs = np.asarray(posthoc_nemenyi_friedman(y))
    apart = np.abs(mine[:, None] - mine[None, :]) >= said["critical_difference"]
    assert (apart == (pairs < 0.05))[~np.eye(k, dtype=bool)].all()
    assert apart.any() and not apart.all()
    print("pairs further apart than that are those with p < 0.05 of scikit-posthocs")


def holm(p):
    """Holm 1979: the smallest p times m, the next times m - 1 ..., never falling."""
    try:
        from statsmodels.stats.multitest import multipletests
        return multipletests(p, method="holm")[1]
    except ImportError:
        print("skipped: statsmodels is not installed, Holm's adjustment is that of numpy here")
    order, m = np.argsort(p), len(p)
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(np.array(p)[order] * (m - np.arange(m))))
    return adjusted


def differences():
    """Student's t with the interval's own standard error: reach / t(0.975), BLOCKS - 1 degrees of freedom."""
    rows = [r for r in table("made-01-differences") if r["p_holm"]]
    low, high, said = (np.array([number(r[key]) for r in rows]) for key in ("difference_low", "difference_high", "p_holm"))
    freedom = BLOCKS - 1
    error = (high - low) / 2 / stats.t.ppf(0.975, freedom)
    p = 2 * stats.t.sf(np.abs(low + high) / 2 / error, freedom)
    assert len(p) > 8 and (p < 0.05).any() and (p > 0.05).any()
    np.testing.assert_allclose(said, holm(p), rtol=1e-9, atol=1e-300)
    assert ((p < 0.05) == (low * high > 0)).all()
    print(f"p of {len(p)} differences, adjusted by Holm, are those of scipy's t")


def signed_ranks():
    """Wilcoxon's test of bramble infer, exact, and Holm's adjustment over the three models and the three pairs."""
    rng = np.random.default_rng(1)
    models = rng.random((3, 66))    # 12 conditions
    brains = 0.4 * models[0] + 0.2 * models[1] + rng.random((14, 66))
    np.save("models.npy", models)
    np.save("brains.npy", brains)
    said = json.loads(subprocess.run(
        [BRAMBLE, "infer", "--form", "vectors", "-m", "models.npy", "-b", "brains.npy", "--compare", "corr", "--tests",
         "ranks", "--adjust", "holm", "--samples", "50", "--format", "json", "-q"], check=True, capture_output=True).stdout)
    r = np.array([[np.corrcoef(m, b)[0, 1] for b in brains] for m in models])
    np.testing.assert_allclose(said["evaluations"], r, rtol=1e-12)
    zero = [stats.wilcoxon(row, method="exact").pvalue for row in r]
    pairs = [stats.wilcoxon(r[a], r[b], method="exact").pvalue for a, b in ((0, 1), (0, 2), (1, 2))]
    np.testing.assert_allclose([m["p_zero"] for m in said["models"]], zero, rtol=1e-12)
    np.testing.assert_allclose([m["adjusted_zero"] for m in said["models"]], holm(zero), rtol=1e-12)
    np.testing.assert_allclose([c["p"] for c in said["comparisons"]], pairs, rtol=1e-12)
    np.testing.assert_allclose([c["adjusted"] for c in said["comparisons"]], holm(pairs), rtol=1e-12)
    print("signed ranks of 14 subjects, exact, are scipy's")


with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    subprocess.run([MAKE_RESULTS, "results", str(MODELS), str(BENCHMARKS), "200"], check=True)
    subprocess.run([BRAMBLE, "leaderboard", "results", "--site", "site", "-q"], check=True)
    over_benchmarks()
    differences()
    signed_ranks()
