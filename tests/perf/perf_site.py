"""A leaderboard of 200 models on 50 benchmarks: how long `bramble leaderboard --site` takes with summaries and
without, and how long its pages take to load in Chromium (parsed, sorted by the script, laid out). Medians of three.

Usage: perf_site.py BRAMBLE MAKE_RESULTS [MODELS BENCHMARKS DRAWS]. The standard library is enough.
"""
import glob
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BRAMBLE, MAKE_RESULTS = (os.path.abspath(p) for p in sys.argv[1:3])
MODELS, BENCHMARKS, DRAWS = sys.argv[3:6] or ("200", "50", "1000")
PROBE = """<script>
window.addEventListener('load', function () {
  document.body.offsetHeight; /* lays out */
  document.title = 'loaded in ' + performance.now() + ' ms';
});
</script></body>"""


def timed(*command):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report(what, times):
    wall, cpu = (statistics.median(t) for t in zip(*times))
    print(f"{what}: {wall:.2f} s of wall time, {cpu:.2f} s of processor time", flush=True)


def build(*flags):
    return timed(BRAMBLE, "leaderboard", "results", "--site", "site", "--force", "-q", *flags)


def load(chromium, page):
    with open(page, encoding="utf-8") as f:
        text = f.read()
    copy = page[:-5] + "-probe.html"
    with open(copy, "w", encoding="utf-8") as f:
        f.write(text.replace("</body>", PROBE))
    times = []
    for _ in range(3):
        out = subprocess.run([chromium, "--headless=new", "--no-sandbox", "--disable-gpu",
                              "--user-data-dir=" + os.path.abspath("profile"), "--dump-dom",
                              "file://" + os.path.abspath(copy)], capture_output=True, text=True, timeout=120)
        times.append(float(re.search(r"loaded in ([0-9.]+) ms", out.stdout).group(1)))
    os.remove(copy)
    print(f"{page}, {len(text) / 1e6:.2f} MB: {statistics.median(times):.0f} ms", flush=True)


def main():
    subprocess.run([MAKE_RESULTS, "results", MODELS, BENCHMARKS, DRAWS], check=True)
    print(len(os.listdir("results/cells")), "cells")
    report("site, 2 threads", [build("--threads", "2") for _ in range(3)])
    report("site, 1 thread", [build("--threads", "1") for _ in range(3)])
    report("tables of all benchmarks", [timed(BRAMBLE, "leaderboard", "results") for _ in range(3)])
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    pages = ["site/index.html", "site/matrix.html", *(sorted(glob.glob(f"site/{d}/*.html"))[0] for d in
                                                    ("benchmark", "model", "dataset"))]
    for page in pages if chromium else []:
        load(chromium, page)
    shutil.rmtree("results/summaries")
    report("site without summaries", [build()])


memory = "/dev/shm" # the made cells are synced one by one: that would be a test of the disk
with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
    os.chdir(folder)
    main()
