"""`bramble score` against numpy and scipy on made-up arrays: CKA, CCA, Procrustes, matchings by
linear_sum_assignment and by linear programming, neighbours, DSA.

Usage: test_similarity.py BRAMBLE. Exit status 77, with a message, when a package is missing.
"""
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from scipy.optimize import linear_sum_assignment, linprog
    from scipy.stats import spearmanr
except ImportError as missing:
    print(f"skipped: {missing} (Debian packages python3-numpy and python3-scipy)")
    sys.exit(77)

BRAMBLE = os.path.abspath(sys.argv[1])
rng = np.random.default_rng(5)


def bramble(metric, x, y):
    np.save("x.npy", x)
    np.save("y.npy", y)
    out = subprocess.run([BRAMBLE, "score", "-q", "--metric", metric, "--model", "x.npy", "--brain", "y.npy"],
                         check=True, capture_output=True, text=True)
    return float(out.stdout)


def centred(x):
    return x - x.mean(axis=0)


def nuclear(m):
    return np.linalg.svd(m, compute_uv=False).sum()


def cka(x, y):
    x, y = centred(x), centred(y)
    return np.linalg.norm(x.T @ y) ** 2 / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)


def hsic_unbiased(k, l):
    n = len(k)
    k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))
    return ((k * l).sum() + k.sum() * l.sum() / ((n - 1) * (n - 2)) - 2 * (k @ l).sum() / (n - 2)) / (n * (n - 3))


def debiased_cka(x, y):
    k, l = x @ x.T, y @ y.T
    return hsic_unbiased(k, l) / np.sqrt(hsic_unbiased(k, k) * hsic_unbiased(l, l))


def correlations(x, y):
    return np.linalg.svd(np.linalg.qr(centred(x))[0].T @ np.linalg.qr(centred(y))[0], compute_uv=False)


def svcca(x, y, dim):
    x, y = (np.linalg.svd(centred(m), full_matrices=False)[0][:, :dim] for m in (x, y))
    return np.linalg.svd(x.T @ y, compute_uv=False).mean()


def angle(inner, x, y):
    return np.arccos(inner / np.linalg.norm(x) / np.linalg.norm(y))


def permutation_angle(x, y):
    x, y = centred(x), centred(y)
    rows, columns = linear_sum_assignment(-(x.T @ y))
    return angle((x.T @ y)[rows, columns].sum(), x, y)


def soft_matching(x, y):
    p, q = x.shape[1], y.shape[1]
    r = np.corrcoef(x.T, y.T)[:p, p:]
    marginals = np.zeros((p + q, p * q))
    for i in range(p):
        marginals[i, i * q:(i + 1) * q] = 1
    for j in range(q):
        marginals[p + j, j::q] = 1
    masses = np.r_[np.full(p, 1 / p), np.full(q, 1 / q)]
    return -linprog(-r.ravel(), A_eq=marginals, b_eq=masses, method="highs").fun


def neighbours(x, k):
    x = x / np.linalg.norm(x, axis=1)[:, None]
    s = x @ x.T
    np.fill_diagonal(s, -np.inf)
    return [set(row[:k]) for row in np.argsort(-s, axis=1)]


def mutual_knn(x, y, k):
    return np.mean([len(a & b) / k for a, b in zip(neighbours(x, k), neighbours(y, k))])


def jaccard_knn(x, y, k):
    return np.mean([len(a & b) / len(a | b) for a, b in zip(neighbours(x, k), neighbours(y, k))])


def ssm(x, y):
    upper = np.triu_indices(len(x), 1)
    return spearmanr(np.corrcoef(x)[upper], np.corrcoef(y)[upper])[0]


def dsa(x, y):
    def spectrum(m):
        v = np.linalg.svd(m, full_matrices=False)[0]
        return np.linalg.eigvals(np.linalg.lstsq(v[:-1], v[1:], rcond=None)[0])
    a, b = spectrum(x), spectrum(y)
    cost = abs(a[:, None] - b[None, :]) ** 2
    return cost[linear_sum_assignment(cost)].mean()


def participation_ratio(x):
    l = np.linalg.eigvalsh(np.cov(x.T))
    return l.sum() ** 2 / (l ** 2).sum()


checks = [
    ("cka:hsic=gretton", cka),
    ("rv", cka),
    ("cka", debiased_cka),
    ("cca", lambda x, y: correlations(x, y).mean()),
    ("cca:mean=rho2", lambda x, y: (correlations(x, y) ** 2).mean()),
    ("svcca:dim=3", lambda x, y: svcca(x, y, 3)),
    ("procrustes", lambda x, y: angle(nuclear(centred(x).T @ centred(y)), centred(x), centred(y))),
    ("permutation-matching", permutation_angle),
    ("soft-matching", soft_matching),
    ("mutual-knn:k=5", lambda x, y: mutual_knn(x, y, 5)),
    ("jaccard-knn:k=5", lambda x, y: jaccard_knn(x, y, 5)),
    ("ssm", ssm),
]

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    count = 0
    for n, p, q in ((40, 6, 9), (60, 7, 7), (30, 11, 4)):
        shared = rng.standard_normal((n, 3))
        x = shared @ rng.standard_normal((3, p)) + rng.standard_normal((n, p)) + 2
        y = shared @ rng.standard_normal((3, q)) + rng.standard_normal((n, q)) - 1
        for metric, expected in checks:
            ours, theirs = bramble(metric, x, y), expected(x, y)
            assert abs(ours - theirs) < 1e-10, f"{metric} on {n} x {p}, {q}: {ours!r}, expected {theirs!r}"
            count += 1
    x, y = np.cumsum(rng.standard_normal((80, 3)), axis=0), np.cumsum(rng.standard_normal((80, 3)), axis=0)
    assert abs(bramble("dsa", x, y) - dsa(x, y)) < 1e-10
    np.save("x.npy", x)
    out = subprocess.run([BRAMBLE, "dimension", "x.npy", "--halves", "0", "--format", "csv"], check=True,
                         capture_output=True, text=True).stdout
    ratio = float(out.splitlines()[1].split(",")[1])
    assert abs(ratio - participation_ratio(x)) < 1e-12
    layers = {f"layer{i}": rng.standard_normal((30, 4 + i)) for i in (1, 2)}
    np.savez("net.npz", **layers)
    files = ["net.npz"]
    try:
        import h5py
        with h5py.File("net.h5", "w") as f:
            for name, values in layers.items():
                f[name] = values
            f["other"] = np.zeros((2, 2))
        files.append("net.h5")
    except ImportError:
        pass
    np.save("y.npy", layers["layer2"] + 1)
    for file in files:
        out = subprocess.run([BRAMBLE, "score", "--metric", "cka", "--model", file + ":layer*", "--brain", "y.npy",
                              "--format", "csv"], check=True, capture_output=True, text=True).stdout
        rows = [line.split(",") for line in out.splitlines()[1:]]
        assert [row[1] for row in rows] == [f"{file}:layer1", f"{file}:layer2"], out
        assert abs(float(rows[1][5]) - 1) < 1e-12
    print(f"{count + 2} values agree with numpy {np.__version__}")
