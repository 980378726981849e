"""Numbers of a leaderboard's site and of reports are one number each: ten drawn at random lead to their spec, data,
raw values and the command that repeats them; that command, run, gives the same bytes; and what text, tables,
figures, HTML, PDF, csv and json say of a cell is the same number, rounded at most.

Usage: test_numbers.py BRAMBLE TOP. The standard library is enough; the PDF is read where pdftotext is.
"""
import csv
import glob
import html
import html.parser
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import xml.dom.minidom

BRAMBLE, TOP = (os.path.abspath(p) for p in sys.argv[1:3])
MADE = ["simulated-vessels-class", "simulated-worm-behaviour"]


def bramble(*words, code=0):
    out = subprocess.run([BRAMBLE, *words], capture_output=True, text=True, timeout=100)
    assert out.returncode == code, (words, out.returncode, out.stdout, out.stderr)
    return out.stdout


def read(path):
    """A page or a table; a minus sign is a minus sign, however it is set."""
    with open(path, encoding="utf-8") as f:
        return f.read().replace("\u2212", "-")


def table(path):
    with open(path, newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


class Rows(html.parser.HTMLParser):
    """The rows of all tables of a page: for each cell its text, its number to sort by, where it leads."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.cell = [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        words = dict(attrs)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.cell = {"text": "", "v": words.get("data-v"), "href": None}
            self.rows[-1].append(self.cell)
        elif tag == "a" and self.cell:
            self.cell["href"] = words["href"]

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.cell = None

    def handle_data(self, data):
        if self.cell:
            self.cell["text"] += data


def make():
    bramble("import", TOP + "/docs/examples/worm.csv", "-o", "worm.h5", "--source", "generic:times=time,unit=dF/F", "-q")
    with open("mine.yaml", "w", encoding="utf-8") as f:
        f.write(re.sub("(?m)^models:.*", 'models: [mean, copy, ar]', read(TOP + "/docs/examples/mine.yaml")))
    bramble("run", "./mine.yaml", "--data", ".", "--out", "results", "--seed", "3", "--seeds", "2", "-q",
            "--model", "esn:size=40", "--model", "ar:lags=3")
    for name in MADE:
        bramble("run", name, "--out", "results", "-q")
    bramble("leaderboard", "results", "--site", "site", "-q")
    bramble("report", "results", "-o", "report.html", "--figures", "figures", "-q")


# ---- from a number to how it was made ------------------------------------------------------------------------------


def links_of_scores():
    """(page, number, what it leads to) of every score on every page."""
    found = []
    for page in sorted(glob.glob("site/**/*.html", recursive=True)):
        for row in Rows(read(page)).rows:
            found += [(page, c["v"], c["href"]) for c in row if c["v"] and c["href"] and "#made-" in c["href"]]
    return found


def made(page, href):
    """The facts that a score leads to: Spec, Data, Cells ..."""
    file, anchor = href.split("#")
    target = os.path.normpath(os.path.join(os.path.dirname(page), file)) if file else page
    text = read(target)
    block = re.search('<details id="%s">(.*?)</details>' % re.escape(anchor), text, re.S)
    assert block, (page, href)
    facts = dict(re.findall(r"<dt>([^<]*)</dt><dd>(.*?)</dd>", block[1], re.S))
    assert set(facts) == {"Spec", "Data", "Cells", "Raw values", "Again"}, facts
    for to in re.findall('href="([^"]*)"', block[1]):
        assert os.path.exists(os.path.join(os.path.dirname(target), to)), to
    return os.path.basename(target)[:-5], {k: html.unescape(re.sub("<[^>]*>", "", v)) for k, v in facts.items()}


def follow(page, number, href):
    benchmark, facts = made(page, href)
    cells = [c for c in table(f"site/data/{benchmark}-cells.csv") if c["model"] == facts["Spec"]]
    score = next(r for r in table("site/data/leaderboard.csv") if r["benchmark"] == benchmark)["score"]
    own = [float(c["value"]) for c in cells if c["score"] == score]
    assert sum(own) / len(own) == float(number), (page, number, own)  # parts or seeds are several, not both: to the bit
    shown, keys = re.findall("[0-9a-f]{64}", facts["Cells"]), {c["key"] for c in cells}
    assert set(shown) <= keys and len(shown) == min(3, len(keys)), (shown, keys)
    assert all(os.path.exists(f"results/cells/{k}.h5") for k in keys)
    data = json.loads(read("site/data/leaderboard.json"))["benchmarks"]
    assert facts["Data"].endswith(next(b["dataset_hash"] for b in data if b["benchmark"] == benchmark))
    raw = table(f"site/data/{benchmark}-raw.csv")
    assert [r for r in raw if r["model"] == facts["Spec"] and r["score"] == score], "raw values"
    return facts["Again"], keys


def repeat(command, keys):
    """Runs the command as a shell would; the same cells must come out, to the byte, and no others."""
    shutil.rmtree("again", ignore_errors=True)
    words = [w.replace("DIR", ".") if w == "DIR" else w for w in shlex.split(command)]
    assert words[0] == "bramble" and words[-3:-1] == ["--only", "--model"], words
    bramble(*words[1:], "-q")
    assert {os.path.basename(p) for p in glob.glob("again/cells/*")} == {k + ".h5" for k in keys}, command
    for k in keys:
        with open(f"results/cells/{k}.h5", "rb") as a, open(f"again/cells/{k}.h5", "rb") as b:
            assert a.read() == b.read(), k


def check_links():
    links = links_of_scores()
    commands = {}
    for page, number, href in random.Random(1).sample(links, 10):
        command, keys = follow(page, number, href)
        commands[command] = keys
    for page, number, href in links:  # and all of those whose command has more to say
        command, keys = follow(page, number, href)
        if "--seed" in command or "mine.yaml" not in command:
            commands[command] = keys
    assert any("--seed 3 --seeds 2" in c for c in commands) and any("--data" not in c for c in commands)
    for command in sorted(commands)[::3]:
        repeat(command, commands[command])
    print("ten of", len(links), "numbers led to how they were made;", len(sorted(commands)[::3]), "were made again")


# ---- one source ----------------------------------------------------------------------------------------------------


def rounds_to(text, row):
    """Whether "0.100 [0.057, 0.143]" is value, low and high of a row, rounded to the digits that are shown."""
    shown = re.findall(r"-?\d+(?:\.\d+)?", text)
    full = [row[k] for k in ("value", "low", "high")][:len(shown)]
    for one, number in zip(shown, full):
        digits = len(one.partition(".")[2])
        assert abs(float(one) - float(number)) <= 0.5000001 * 10**-digits, (text, row)
    return len(shown) in (1, 3)


def report_text():
    """The report on paper as text, or nothing where there are no tools."""
    done = subprocess.run([BRAMBLE, "report", "results", "-o", "report.pdf", "-q"], capture_output=True, text=True)
    if done.returncode != 0 and "cairo" in done.stderr or not shutil.which("pdftotext"):
        return None
    assert done.returncode == 0, done.stderr
    text = subprocess.run(["pdftotext", "-layout", "report.pdf", "-"], capture_output=True, text=True, check=True).stdout
    return text.replace("\u2212", "-")


def figures():
    """benchmark's scores as figures have them: {(model's name, value, low, high)}"""
    drawn = set()
    for path in glob.glob("figures/*.csv"):
        for p in table(path):
            if p["mark"] == "points" and p["y_label"]:
                drawn.add((p["y_label"], *(float(p[k] or "nan") for k in ("x", "low", "high"))))
    return drawn


def check_one_source():
    rows = table("site/data/leaderboard.csv")
    words = json.loads(read("site/data/leaderboard.json"))["benchmarks"]
    exact = {(b["benchmark"], m["model"]): m for b in words for m in b["models"]}
    paper, drawn = report_text(), figures()
    page = [[c["text"].strip() for c in r] for r in Rows(read("report.html")).rows]
    shown = 0
    for row in rows:
        here = exact[row["benchmark"], row["model"]]
        for k in ("value", "low", "high"):  # csv and json: to the bit
            assert row[k] == "" and here[k] is None or float(row[k]) == here[k], (row, here)
        site = next(r for r in Rows(read(f"site/benchmark/{row['benchmark']}.html")).rows
                    if len(r) > 2 and r[2]["v"] and float(r[2]["v"]) == float(row["value"]))
        name, text = site[1]["text"], site[2]["text"]
        assert rounds_to(text, row), (text, row)
        assert any(name in cells and text in cells for cells in page), (name, text)
        assert (name, *map(float, (row["value"], row["low"], row["high"]))) in drawn, (name, row)
        # the terminal cuts long names
        lines = bramble("leaderboard", "results", "--benchmark", row["benchmark"]).splitlines()
        assert any(text in line and line.split()[1].startswith(name[:8]) for line in lines), (name, text, lines)
        if paper:
            assert any(text in line and name[:8] in line for line in paper.splitlines()), (name, text)
        shown += 1
    for lead in re.findall(r"<p>([^<]*? leads in [^<]*? with [^<]*?\])", read("report.html")):  # and in prose
        assert any(lead.endswith(r[2]["text"]) for f in glob.glob("site/benchmark/*.html")
                   for r in Rows(read(f)).rows if len(r) > 2 and r[2]["text"].count("[") == 1), lead
    print(shown, "scores are the same in csv, json, site, report, figure and terminal;",
          "and on paper" if paper else "skipped: no pdftotext, or no cairo")


# ---- what it cites -------------------------------------------------------------------------------------------------


def read_bibtex(text):
    """The entries of a strict BibTeX file: {key: (type, {field: value})}; anything else is an error."""
    entries, at = {}, 0
    while text[at:].strip():
        head = re.compile(r"\s*@([a-z]+)\{([A-Za-z][A-Za-z0-9]*),\s*").match(text, at)
        assert head, text[at : at + 80]
        at, fields = head.end(), {}
        while text[at] != "}":
            name = re.compile(r"([a-z]+) = \{").match(text, at)
            assert name and name[1] not in fields, text[at : at + 80]
            start = at = name.end()
            depth = 1
            while depth:
                assert text[at] not in "\n@", "a value ends on its line"
                if text[at] in "&%$#_":
                    assert text[at - 1] == "\\", text[start : at + 20]
                depth += (text[at] == "{") - (text[at] == "}")
                at += 1
            fields[name[1]] = text[start : at - 1]
            assert fields[name[1]] and re.match(r",\s*", text[at:]), fields
            at += re.match(r",\s*", text[at:]).end()
        assert head[2] not in entries, head[2]
        entries[head[2]] = (head[1], fields)
        at += 1
    return entries


def check_bibtex():
    entries = read_bibtex(read("report.bib"))
    assert len(entries) > 3 and entries["bramble"][0] == "software"
    for key, (kind, fields) in entries.items():
        needed = {"article": {"author", "year", "journal"}, "misc": {"author", "year"}, "software": {"title"}}[kind]
        assert needed <= set(fields), (key, fields)
        assert re.fullmatch("[12][0-9]{3}", fields.get("year", "2000")) and key.startswith(
            re.sub("[^A-Za-z]", "", fields.get("author", "bramble").split()[0])), (key, fields)
    places = [tuple(f.get(k) for k in ("journal", "volume", "pages")) for t, f in entries.values() if t == "article"]
    assert len(places) == len(set(places)), "one paper, one entry"
    print(len(entries), "entries of BibTeX")


# ---- figures as files ----------------------------------------------------------------------------------------------


def check_figures():
    """Each figure as SVG, PDF, PNG and csv; all that the page shows, with the words of the drawing in the file."""
    drawn = re.findall(r'<figure id="figure-(\d+)"', read("report.html"))
    endings = ["svg", "csv"] + (["pdf", "png"] if glob.glob("figures/*.pdf") else [])
    assert drawn and len(glob.glob("figures/*")) == len(endings) * len(drawn), (drawn, len(glob.glob("figures/*")))
    for n in drawn:
        svg = xml.dom.minidom.parse(f"figures/figure-{n}.svg").documentElement
        assert svg.tagName == "svg" and svg.getElementsByTagName("title")[0].firstChild.data, n
        assert svg.getElementsByTagName("desc")[0].firstChild.data, ("in words", n)
        words = " ".join(t.firstChild.data for t in svg.getElementsByTagName("text") if t.firstChild)
        points = table(f"figures/figure-{n}.csv")
        assert points and all(p["x"] or p["y"] or p["low"] for p in points), n
        for axis in ("x_label", "y_label"):
            labels = {p[axis][:8] for p in points}
            assert len(labels) > 20 or all(label in words for label in labels), (n, labels, words)  # more are thinned
        if "pdf" in endings:
            with open(f"figures/figure-{n}.pdf", "rb") as a, open(f"figures/figure-{n}.png", "rb") as b:
                assert a.read().startswith(b"%PDF-"), n
                head = b.read(24)
            assert head.startswith(b"\x89PNG\r\n") and int.from_bytes(head[16:20], "big") > 400, n
    for svg in re.findall(r"<svg .*?</svg>", read("report.html"), re.S):  # and in the page: said in words, too
        assert 'role="img"' in svg and "<title" in svg and "<desc" in svg, svg[:200]
    print(len(drawn), "figures as", ", ".join(endings))


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    make()
    check_links()
    check_one_source()
    check_bibtex()
    check_figures()
