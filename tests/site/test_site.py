"""bramble leaderboard --site on made results: every link leads somewhere, the tables for machines hold what
the pages show, and (where Chromium is) sorting, filtering, dark paper, print and a narrow screen.

Usage: test_site.py BRAMBLE MAKE_RESULTS. The standard library is enough.
"""
import csv
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

BRAMBLE, MAKE_RESULTS = (os.path.abspath(p) for p in sys.argv[1:3])
MODELS, BENCHMARKS = 24, 3

PROBE = r"""
(function () {
  var said = [], table = document.getElementById('ranks'), tools = document.querySelector('.tools');
  function check(what, good) { said.push((good ? 'good ' : 'BAD ') + what); }
  function column(n) {
    return Array.prototype.map.call(table.tBodies[0].rows, function (r) {
      var c = r.cells[n], v = c.getAttribute('data-v');
      return v === null ? c.textContent : v;
    });
  }
  function shown() {
    return Array.prototype.filter.call(table.tBodies[0].rows, function (r) { return r.offsetHeight > 0; });
  }
  function sorted(values, up) {
    var seen = values.filter(function (v) { return v !== ''; }).map(Number), i;
    for (i = 1; i < seen.length; i++) if (up ? seen[i] < seen[i - 1] : seen[i] > seen[i - 1]) return false;
    return values.indexOf('') < 0 || values.indexOf('') === seen.length; /* what lacks is last */
  }
  var heads = table.tHead.rows[0].cells, score = heads[2].querySelector('button');
  score.click();
  check('sorted upwards', sorted(column(2), true) && heads[2].getAttribute('aria-sort') === 'ascending');
  score.click();
  check('sorted downwards', sorted(column(2), false) && heads[2].getAttribute('aria-sort') === 'descending');
  heads[1].querySelector('button').click();
  var names = column(1).map(function (t) { return t.toLowerCase(); });
  check('sorted by name', names.join() === names.slice().sort().join() &&
    heads[2].getAttribute('aria-sort') === 'none');
  heads[0].querySelector('button').click();
  check('ranks are back', sorted(column(0), true));
  var search = tools.querySelector('input'), state = tools.querySelector('select');
  function change(field, value) {
    field.value = value;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }
  var all = shown().length;
  check('all are shown', all === MODELS);
  change(search, 'NET-01 width');
  check('found by words', shown().length === 10 && /^10 of/.test(tools.querySelector('.count').textContent));
  change(search, '');
  change(state, 'failed');
  check('found by state', shown().length > 0 && shown().every(function (r) {
    return r.getAttribute('data-state') === 'failed' && /did not converge/.test(r.textContent);
  }));
  change(state, '');
  check('all are back', shown().length === all);
  check('nothing is injected', document.querySelector('input[data-x]') === null && !/<input>/.test(
    document.querySelector('h1').innerHTML));
  var link = table.tBodies[0].rows[0].cells[2].querySelector('a'), made = link && document.querySelector(
    link.getAttribute('href'));
  check('a score leads to how it was made', made && made.tagName === 'DETAILS' && !made.open);
  location.hash = link.getAttribute('href');
  check('no sideways scroll', document.documentElement.scrollWidth <= window.innerWidth);
  var time = performance.getEntriesByType('navigation')[0];
  window.addEventListener('load', function () {
    setTimeout(function () {
      check('loaded in ' + Math.round(time.loadEventEnd) + ' ms', time.loadEventEnd < 1000 * SLACK);
      check('how it was made is open', made.open && made.querySelector('code').offsetHeight > 0);
      check('paper ' + getComputedStyle(document.body).backgroundColor, true);
      document.body.innerHTML = '<pre id="probe">' + said.join('\n') + '</pre>';
    }, 0);
  });
})();
"""

MATRIX = r"""
window.addEventListener('load', function () {
  var heads = document.querySelectorAll('#matrix thead th'), said = [];
  function check(what, good) { said.push((good ? 'good ' : 'BAD ') + what); }
  check('names of benchmarks stand upright', heads[1].offsetWidth < 60 && heads[1].offsetHeight > heads[1].offsetWidth);
  check('no sideways scroll', document.documentElement.scrollWidth <= window.innerWidth);
  document.body.innerHTML = '<pre id="probe">' + said.join('\n') + '</pre>';
});
"""


def bramble(*words, code=0):
    out = subprocess.run([BRAMBLE, *words], capture_output=True, text=True, timeout=100)
    assert out.returncode == code, (words, out.returncode, out.stdout, out.stderr)
    return out.stdout + out.stderr


class Links(html.parser.HTMLParser):
    """The ids of a page and what it links to; complains of tags that are not closed in order."""

    VOID = {"meta", "link", "input", "br", "wbr"}

    def __init__(self, text):
        super().__init__()
        self.ids, self.to, self.open = set(), [], []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        words = dict(attrs)
        if "id" in words:
            assert words["id"] not in self.ids, ("twice", words["id"])
            self.ids.add(words["id"])
        for key in ("href", "src"):
            if key in words:
                self.to.append(words[key])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def check_links(site):
    pages, count = {}, 0
    for folder, _, names in os.walk(site):
        for name in names:
            if name.endswith(".html"):
                pages[os.path.join(folder, name)] = Links(read(os.path.join(folder, name)))
    for path, page in pages.items():
        for to in page.to:
            if to.startswith("data:"):
                continue
            assert not re.match(r"[a-z]+:", to), (path, to)
            file, _, anchor = to.partition("#")
            target = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
            assert os.path.exists(target), (path, to)
            assert not anchor or anchor in pages[target].ids, (path, to)
            count += 1
    return len(pages), count


def check_tables(site):
    with open(site + "/data/leaderboard.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    assert len(rows) == MODELS * BENCHMARKS and len({r["benchmark"] for r in rows}) == BENCHMARKS
    states = [r for r in rows if r["scored"] == "0"]
    assert states and all(r["value"] == r["rank"] == "" for r in states), "nothing is imputed"
    words = json.loads(read(site + "/data/leaderboard.json"))["benchmarks"]
    value = {(b["benchmark"], m["model"]): m["value"] for b in words for m in b["models"]}
    for r in rows:
        v = value[r["benchmark"], r["model"]]
        assert (v is None and r["value"] == "") or float(r["value"]) == v, r
    with open(site + "/data/made-01-cells.csv", newline="") as f:
        cells = [c for c in csv.DictReader(f) if c["score"] == "r2@step"]
    for c in cells: # the number on the page is that of the cell
        assert float(c["value"]) == value["made-01", c["model"]], c
    with open(site + "/data/made-01-differences.csv", newline="") as f:
        for d in csv.DictReader(f):
            best, other = value["made-01", d["best"]], value["made-01", d["model"]]
            assert abs(float(d["difference"]) - (best - other)) < 1e-12, d
            if float(d["p_holm"]) < 0.05: # adjusted p is the stricter one
                assert float(d["difference_low"]) > 0, d
    with open(site + "/data/made-01-raw.csv", newline="") as f:
        raw = list(csv.DictReader(f))
    assert len(raw) == 6 * len(cells) and {r["unit"] for r in raw} >= {"AVAL", "RID"}


def browse(chromium, page, *flags):
    out = subprocess.run([chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
                          "--virtual-time-budget=5000", "--user-data-dir=" + os.path.abspath("profile"), *flags,
                          "--dump-dom", "file://" + os.path.abspath(page)],
                         capture_output=True, text=True, timeout=120)
    errors = [e for e in out.stderr.splitlines() if "CONSOLE" in e]
    assert not errors, errors
    said = re.search(r'<pre id="probe">(.*?)</pre>', out.stdout, re.S)
    assert said, (out.stdout[-500:], out.stderr[-500:])
    assert "BAD" not in said.group(1), said.group(1)
    return said.group(1).splitlines()


def check_browser(site):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        print("skipped: no Chromium, so pages were not looked at in a browser")
        return
    page = site + "/benchmark/probe.html"
    with open(page, "w", encoding="utf-8") as f:
        f.write(read(site + "/benchmark/made-01.html").replace(
            "</body>", '<script src="probe.js"></script></body>'))
    with open(site + "/benchmark/probe.js", "w", encoding="utf-8") as f: # ten times: the machine may be busy
        f.write(PROBE.replace("MODELS", str(MODELS)).replace("SLACK", "10"))
    wide = browse(chromium, page, "--window-size=1200,900", "--blink-settings=preferredColorScheme=1")
    narrow = browse(chromium, page, "--window-size=400,900", "--blink-settings=preferredColorScheme=0")
    assert "good paper rgb(255, 255, 255)" in wide and "good paper rgb(22, 25, 28)" in narrow, (wide, narrow)
    with open(site + "/probe.html", "w", encoding="utf-8") as f:
        f.write(read(site + "/matrix.html").replace("</body>", "<script>" + MATRIX + "</script></body>"))
    browse(chromium, site + "/probe.html", "--window-size=400,900")
    subprocess.run([chromium, "--headless=new", "--no-sandbox", "--disable-gpu",
                    "--user-data-dir=" + os.path.abspath("profile"), "--print-to-pdf=" + os.path.abspath("page.pdf"),
                    "file://" + os.path.abspath(site + "/benchmark/made-01.html")],
                   capture_output=True, timeout=120, check=True)
    assert open("page.pdf", "rb").read(5) == b"%PDF-"
    print("in Chromium:", len(wide), "checks on a wide light screen,", len(narrow), "on a narrow dark one, printed")


def main():
    subprocess.run([MAKE_RESULTS, "results", str(MODELS), str(BENCHMARKS), "200"], check=True)
    bramble("leaderboard", "results", "--site", "one", "--title", "A <b> & c")
    bramble("leaderboard", "results", "--site", "two", "--title", "A <b> & c", "--threads", "2", "-q")
    for folder, _, names in os.walk("one"):
        for name in names:
            path = os.path.join(folder, name)
            assert open(path, "rb").read() == open("two" + path[3:], "rb").read(), path
    assert "exists already" in bramble("leaderboard", "results", "--site", "one", code=5)
    bramble("leaderboard", "results", "--site", "one", "--title", "A <b> & c", "--force")
    pages, links = check_links("one")
    assert pages == 2 + BENCHMARKS + MODELS + BENCHMARKS, pages # index, matrix, a dataset each
    text = read("one/benchmark/made-01.html")
    assert "is x &lt; y?" in text and "it has no &lt;input&gt;" in text and "A &lt;b&gt; &amp; c" in text
    assert "bramble run ./made-01.yaml --data DIR --out again --only --model net-003:width=24<" in text, \
        re.search(r"--model.{40}", text)
    check_tables("one")
    print(pages, "pages,", links, "links lead somewhere")
    check_browser("one")


with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    main()
