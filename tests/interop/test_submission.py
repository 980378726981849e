"""bramble submit and bramble verify: what is packed scores as the files it was made of; what is wrong with a
submission is refused with the reason, and nothing of it is run or unpacked.

Usage: test_submission.py BRAMBLE. The standard library is enough.
"""
import csv
import gzip
import hashlib
import io
import json
import os
import random
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile

BRAMBLE = os.path.abspath(sys.argv[1])
random.seed(4)
CARD = """name: Two-layer net
authors: [A. Author, B. Author]
licence: CC-BY-4.0
training_data: none, features by hand
link: https://example.org/net
"""


def bramble(*words, code=0):
    out = subprocess.run([BRAMBLE, *words], capture_output=True, text=True, timeout=100)
    assert out.returncode == code, (words, out.returncode, out.stdout, out.stderr)
    return out.stdout + out.stderr


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def members(path):
    with tarfile.open(path) as t:
        return {m.name: t.extractfile(m).read() for m in t.getmembers()}


def pack(path, content, listed=True, more=()):
    """A tar of NAME -> bytes, the hashes in submission.json brought up to date unless they are to lie."""
    if listed:
        words = json.loads(content["submission.json"])
        words["files"] = [{"name": n, "bytes": len(b), "sha256": hashlib.sha256(b).hexdigest()}
                          for n, b in content.items() if n != "submission.json"]
        content = {**content, "submission.json": json.dumps(words).encode()}
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as t:
        for name, data in [*content.items(), *more]:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))


refusals = []


def refused(content, reason, **how):
    pack("bad.tar", content, **how)
    refused_file(reason)


def refused_file(reason):
    """bad.tar is refused, with exit status 1 and the reason, and nothing of it is written anywhere."""
    before = sorted(os.walk("."))
    out = bramble("verify", "bad.tar", "./made.yaml", "-d", "data", code=1)
    assert out.startswith("refused: bad.tar") or out.startswith("refused: "), out
    assert reason in out, (reason, out)
    if len(refusals) % 8 == 0:
        found = json.loads(bramble("verify", "bad.tar", "./made.yaml", "-d", "data", "--format", "json", code=1))
        assert found["accepted"] is False and reason in found["reason"]
    assert sorted(os.walk(".")) == before and "\x1b" not in out
    refusals.append(reason)


def word(good, **changes):
    """submission.json with other fields; array=... changes the first array."""
    words = json.loads(good["submission.json"])
    words["arrays"][0].update(changes.pop("array", {}))
    words.update(changes)
    return {**good, "submission.json": json.dumps(words).encode()}


def main():
    os.mkdir("data")
    bramble("simulate", "simulated-vision", "-o", "data/made.h5", "-q")
    write("made.yaml", "name: made\nversion: 3\ntitle: Made\ntask: encoding\ndataset: made\n"
          'metrics: ["pearson:constant=zero"]\nmodels: [mean]\noptions: {samples: 0}\n')
    write("card.yaml", CARD)
    bramble("benchmark", "show", "./made.yaml", "-d", "data", "--rows", "-o", "asked", "-q")
    ids = [r["row"] for r in csv.DictReader(open("asked/rows.csv"))]
    units = [r["unit"] for r in csv.DictReader(open("asked/units.csv"))]
    with open("net.csv", "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["id", "a", "b", "c"])
        for i in random.sample(ids, len(ids)) + ["one more"]:
            out.writerow([i] + [random.gauss(0, 1) for _ in range(3)])
    bramble("submit", "./made.yaml", "-d", "data", "-m", "files:net.csv", "-c", "card.yaml", "-o", "good.tar", "-q")
    bramble("submit", "./made.yaml", "-d", "data", "-m", "files:net.csv", "-c", "card.yaml", "-o", "again.tar", "-q")
    assert open("good.tar", "rb").read() == open("again.tar", "rb").read()
    assert "exists already" in bramble("submit", "./made.yaml", "-d", "data", "-m", "files:net.csv", "-c", "card.yaml",
                                       "-o", "good.tar", "-q", code=5)
    good = members("good.tar")
    assert sorted(good) == ["arrays/0.npy", "arrays/0.rows.txt", "card.yaml", "submission.json"], sorted(good)
    out = bramble("verify", "good.tar", "./made.yaml", "-d", "data")
    assert out.startswith("accepted: good.tar") and "A. Author, B. Author (CC-BY-4.0)" in out, out

    # the same number as from the files
    bramble("run", "./made.yaml", "-d", "data", "--out", "results", "-q", "-m", "files:net.csv", "-m",
            "submission:good.tar")
    rows = json.loads(bramble("leaderboard", "results", "--format", "json"))["benchmarks"][0]["models"]
    value = {r["model"].split(":")[0]: r["value"] for r in rows}
    assert value["files"] == value["submission"], value

    # the card on the site; a file that is no sound submission stops it, one of another model is not shown
    os.mkdir("incoming")
    os.link("good.tar", "incoming/good.tar")
    bramble("leaderboard", "results", "--site", "site", "--submissions", "incoming", "-q")
    pages = {name: open("site/model/" + name, encoding="utf-8").read().replace("<wbr>", "") for name in os.listdir("site/model")}
    own = [text for name, text in pages.items() if name.startswith("submission-good-tar")]
    assert len(own) == 1 and len(pages) == 3, sorted(pages)
    digest = hashlib.sha256(open("good.tar", "rb").read()).hexdigest()
    for word_of_card in ("<h1>Two-layer net</h1>", "A. Author, B. Author", "CC-BY-4.0", "none, features by hand",
                         'href="https://example.org/net"', digest):
        assert word_of_card in own[0], (word_of_card, own[0])
    assert all("Two-layer net" not in text for text in pages.values() if text is not own[0])
    assert "Two-layer net" in open("site/benchmark/made.html", encoding="utf-8").read().replace("<wbr>", "")
    pack("incoming/good.tar", {**good, "arrays/0.npy": b"nothing"}, listed=False)
    assert "found 7 bytes, stated are" in bramble("leaderboard", "results", "--site", "other", "--submissions", "incoming", code=3)

    # what is wrong is told
    rows = good["arrays/0.rows.txt"].split(b"\n")
    npy = good["arrays/0.npy"]
    nan = bytearray(npy)
    nan[-8:] = b"\0\0\0\0\0\0\xf8\x7f"
    refused({**good, "arrays/0.npy": bytes(nan)}, "is nan")
    refused({**good, "arrays/0.npy": npy.replace(b"%d, 3" % len(ids), b"3, %d" % len(ids))}, "lines, expected 3")
    refused({**good, "arrays/0.npy": npy[:-8]}, "cut off")
    refused({**good, "arrays/0.npy": b"\x80\x04pickle...."}, "Python pickle")
    refused({**good, "arrays/0.rows.txt": b"\n".join([rows[1], *rows[1:]])}, "is there twice")
    refused({**good, "arrays/0.rows.txt": b"\n".join([b"stranger", *rows[1:]])}, f'the first is "{rows[0].decode()}"')
    refused({**good, "arrays/0.rows.txt": b"\n".join(rows[1:])}, f"{len(ids) - 1} lines, expected {len(ids)}")
    refused({**good, "arrays/0.rows.txt": b"\n".join([b"", *rows[1:]])}, "is empty")
    refused({**good, "arrays/0.npy": npy.replace(npy[-8:], b"\0" * 8)}, "its SHA-256 is", listed=False)
    refused(good, "leads out of the archive", listed=False, more=[("../evil.npy", b"x")])
    refused(good, "leads out of the archive", listed=False, more=[("/tmp/evil.npy", b"x")])
    refused(good, "is there twice", listed=False, more=[("arrays/0.npy", npy)])
    refused(good, "is not listed", listed=False, more=[("arrays/model.py", b"import os")])
    refused({n: b for n, b in good.items() if n != "card.yaml"}, "no card.yaml")
    refused({**good, "card.yaml": CARD.replace("licence", "license").encode()}, "license")
    refused({**good, "card.yaml": CARD.replace("https:", "javascript:").encode()}, "expected http")
    refused(word(good, benchmark="other"), 'it answers other, expected made')
    refused(word(good, benchmark_version=2), "version 2 of made, expected 3")
    refused(word(good, dataset_hash="0" * 64), "its dataset_hash")
    refused(word(good, options="folds=3"), "its options")
    refused(word(good, version=9), "version 9")
    refused(word(good, array={"values": "../../etc/passwd"}), "is not there")
    refused(word(good, array={"name": "../up"}), "cannot be the name")
    refused({**good, "submission.json": b"{}"}, "content", listed=False)
    shapes(good, ids)
    hostile(good)
    archives(good)
    os.mkfifo("pipe.tar")
    for odd in ("pipe.tar", "/dev/zero"):
        assert "not a regular file" in bramble("verify", odd, code=3)
    bramble("verify", "absent.tar", code=3)
    out = bramble("run", "./made.yaml", "-d", "data", "--out", "refused", "-m", "submission:bad.tar", code=1)
    assert "submission:path=bad.tar: failed: bad.tar: " in out and "not a zip or tar" in out, out
    assert not os.path.exists("../evil.npy") and not os.path.exists("/tmp/evil.npy")
    # a submission cannot make the program read another file as its benchmark
    pack("bad.tar", word(good, benchmark="./made.yaml"))
    assert "is no name of a benchmark" in bramble("verify", "bad.tar", "-d", "data", code=1)

    # what cannot be packed
    write("few.csv", "id,a\n" + "".join(f"{i},1\n" for i in ids[1:]))
    assert f'"{ids[0]}"' in bramble("submit", "./made.yaml", "-d", "data", "-m", "files:few.csv", "-c", "card.yaml",
                                    "-o", "few.tar", code=1)
    assert "no model from files" in bramble("submit", "./made.yaml", "-d", "data", "-m", "process:true", "-c", "card.yaml",
                                            "-o", "few.tar", code=2)
    write("thin.yaml", "name: Net\n")
    bramble("submit", "./made.yaml", "-d", "data", "-m", "files:net.csv", "-c", "thin.yaml", "-o", "few.tar", code=3)
    assert not os.path.exists("few.tar")

    # recordings: what is asked are times and units of each
    asked = "asked-worm"
    bramble("benchmark", "show", "simulated-worm-forecast", "--rows", "-o", asked, "-q")
    part, time = {}, {}
    for r in csv.DictReader(open(asked + "/units.csv")):
        part.setdefault(r["part"], []).append(r["unit"])
    for r in csv.DictReader(open(asked + "/rows.csv")):
        time.setdefault(r["part"], []).append(float(r["row"]))
    assert list(part) == list(time) and all(t == sorted(t) for t in time.values())
    recordings()
    linked()
    print("one submission accepted,", len(refusals), "refused with their reasons;", len(ids), "stimuli,", len(units), "units")


# ---- hostile files --------------------------------------------------------------------------------

def array(shape, kind="<f8", size=8):
    """A .npy that says of itself what it likes."""
    head = f"{{'descr': {kind if kind[0] == '[' else repr(kind)}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117)
    return b"\x93NUMPY\1\0" + struct.pack("<H", 118) + head.encode() + b"\n" + bytes(size)


def shapes(good, ids):
    """Arrays that are not rows x columns of numbers, or not as many as the names."""
    n = len(ids)
    for shape, size, reason in ((f"({n},)", 8 * n, f"is float64 ({n},)"),
                                (f"({n // 2}, 2, 3)", 24 * n, "expected numbers, rows x columns"), (f"({n}, 0)", 0, "is float64"),
                                ("(0, 3)", 0, "is float64"), (f"({n - 1}, 3)", 24 * (n - 1), f"{n} lines, expected {n - 1}"),
                                ("(4611686018427387904, 4)", 64, "cut off"), ("(-1, 3)", 24 * n, "shape")):
        refused({**good, "arrays/0.npy": array(shape, size=size)}, reason)
    for kind, reason in (("|O", "pickled"), ("<U4", "expected numbers"), ("<c16", "found values of type"),
                         ("[('a', '<f8')]", "structured")):
        refused({**good, "arrays/0.npy": array(f"({n}, 3)", kind, 48 * n)}, reason)
    words = json.loads(good["submission.json"])
    twice = {**words, "arrays": words["arrays"] * 2}
    refused({**good, "submission.json": json.dumps(twice).encode()}, "is not there")    # the bytes are one array's
    refused({**good, "submission.json": json.dumps({**words, "arrays": []}).encode()}, "no arrays")


def hostile(good):
    """Names and texts that a terminal or a page should not have to show."""
    rows = good["arrays/0.rows.txt"].split(b"\n")
    for name in (b"\xff\xfe", b"\x1b[31mred", b"a\xc2\x9b31m", b"a\rb"):
        refused({**good, "arrays/0.rows.txt": b"\n".join([name, *rows[1:]])}, "line 1 is no UTF-8 text without control")
    for name in ("\udcff.npy", "\x1b[31m.npy"):
        refused(good, "the name of member 5 is no UTF-8", listed=False, more=[("arrays/" + name, b"")])
    for name in ("a\\..\\b", "arrays/../../x", "./x", "arrays//x"):
        refused(good, "leads out of the archive", listed=False, more=[(name, b"")])
    refused(word(good, dataset="\x1b[31m"), "field dataset holds a control character")
    refused({**good, "submission.json": good["submission.json"].replace(b'"made"', b'"m\xff"')}, "not JSON", listed=False)
    refused({**good, "submission.json": b"[" * 100000}, "100000 deep", listed=False)
    for card, reason in ((CARD.replace("licence: CC-BY-4.0\n", ""), "licence"), (CARD.replace("CC-BY-4.0", '""'), "licence"),
                         (CARD.replace("CC-BY-4.0", '" "'), "licence is blank"),
                         (CARD.replace("Two-layer net", '"\\e[31mred"'), "name holds a control character"),
                         (CARD.replace("B. Author", '"B.\\nAuthor"'), "expected one line"),
                         (CARD.replace("[A. Author, B. Author]", "[]"), "authors"),
                         (CARD.replace("Two", "\udcff"), "UTF-8"), (CARD + "\0", "zero byte"), ("", "card.yaml")):
        refused({**good, "card.yaml": card.encode(errors="surrogateescape")}, reason)


def archives(good):
    """Archives that are cut off, too large for what they say, or hold more than files."""
    whole = open("good.tar", "rb").read()
    used = whole.rstrip(b"\0")
    for cut in (0, 100, 512, 700, len(used) // 2, len(used) - 1):
        with open("bad.tar", "wb") as f:
            f.write(whole[:cut])
        refused_file("bytes left for a member" if cut >= 512 else "not a zip or tar" if cut else "empty")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        pack("bad.tar", good)
        with tarfile.open("bad.tar", "a") as t:
            link = tarfile.TarInfo("link.npy")
            link.type, link.linkname = kind, "/etc/passwd"
            t.addfile(link)
        refused_file("links or devices")
    with open("bad.tar", "wb") as f:
        f.write(gzip.compress(whole))
    refused_file("expected a plain tar")
    with zipfile.ZipFile("bad.tar", "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in good.items():
            z.writestr(name, data)
        z.writestr("bomb.npy", bytes(10 << 20))
    refused_file("expected a plain tar")
    hole = tarfile.TarInfo("hole.npy")    # a sparse member: 4 GiB, of which nothing stands in the file
    hole.size = 0
    hole.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": "hole.npy",
                        "GNU.sparse.size": str(4 << 30), "GNU.sparse.map": f"{4 << 30},0"}
    with tarfile.open("bad.tar", "w", format=tarfile.PAX_FORMAT) as t:
        t.addfile(hole)
    refused_file("bytes, expected at most")
    pack("bad.tar", good, more=[(f"x{i}", b"") for i in range(10000)])
    refused_file("more than 10000 members")
    write("bad.tar", "no archive")
    refused_file("not a zip or tar")


# ---- densities, states, weights, behaviour --------------------------------------------------------

def npy(values, names=False):
    """Rows of numbers, or texts, as a .npy."""
    if names:
        width = max(len(v) for v in values)
        kind, shape, data = f"<U{width}", f"({len(values)},)", b"".join(v.ljust(width, "\0").encode("utf-32-le") for v in values)
    else:
        flat = isinstance(values[0], float)
        shape = f"({len(values)},)" if flat else f"({len(values)}, {len(values[0])})"
        kind, data = "<f8", b"".join(struct.pack("<d", x) for row in values for x in ([row] if flat else row))
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head.encode() + data


def npz(path, **arrays):
    with zipfile.ZipFile(path, "w") as z:
        for name, values in arrays.items():
            z.writestr(name + ".npy", npy(values, names=isinstance(values[0], str)))


def answers(task, folder):
    """Files that answer a benchmark of this task in some way."""
    name = {"density": "simulated-spikes-density", "nats": "simulated-worm-density", "states": "simulated-spikes-states",
            "graph": "simulated-worm-connections", "decode": "simulated-worm-behaviour", "vessels": "simulated-vessels-class"}[task]
    bramble("benchmark", "show", name, "--rows", "-o", folder, "-q")
    os.mkdir(folder + "/in")
    asked = {}
    for kind in ("row", "unit"):
        for r in csv.DictReader(open(f"{folder}/{kind}s.csv")):
            asked.setdefault(r["part"], {}).setdefault(kind, []).append(r[kind])
    for part, a in asked.items():
        rows, units = a.get("row", []), a.get("unit", [])
        path = f"{folder}/in/{part}"
        number = lambda n: [random.random() for _ in range(n)]
        if task == "density":
            npz(path + ".npz", time=[float(r) for r in rows], unit=units, rate=[number(len(units)) for _ in rows])
            continue
        first, lines = "row" if task == "vessels" else "time", [[r, *number(len(units))] for r in rows]
        heading = units
        if task == "states":
            heading, lines = ["first", "second"], [[r, *number(2)] for r in rows]
        if task == "graph":
            first, lines = "unit", [[u, *number(len(units))] for u in units]
        with open(path + ".csv", "w", newline="") as f:
            csv.writer(f).writerows([[first, *heading], *lines])
    return name, f"predictions:path={folder}/in"


def recordings():
    """Every kind of answer: packed, verified, scored as the files themselves; what is wrong is refused."""
    kinds = ["density", "nats", "states", "graph", "decode", "vessels"]
    for task in kinds:
        name, spec = answers(task, "asked-" + task)
        tar = task + ".tar"
        bramble("submit", name, "-m", spec, "-c", "card.yaml", "-o", tar, "-q")
        assert bramble("verify", tar, name).startswith("accepted"), name
        text = open_definition(name)
        os.mkdir("of-" + task)
        write(f"of-{task}/{name}.yaml", text)
        own = "submission-predictions:path=" + tar
        bramble("run", f"./of-{task}/{name}.yaml", "--out", "out-" + task, "-q", "-m", spec, "-m", own)
        rows = json.loads(bramble("leaderboard", "out-" + task, "--format", "json"))["benchmarks"][0]["models"]
        value = {r["model"].split(":")[0]: r["value"] for r in rows}
        assert value["predictions"] == value["submission-predictions"] is not None, (task, value)
        good = members(tar)
        lines, columns = good["arrays/0.rows.txt"].split(b"\n"), good["arrays/0.columns.txt"].split(b"\n")
        nan = bytearray(good["arrays/0.npy"])
        nan[-8:] = b"\0\0\0\0\0\0\xf8\x7f"
        unknown = {} if task == "states" else {"arrays/0.columns.txt": b"\n".join([b"stranger", *columns[1:]])}
        for change in ({"arrays/0.npy": bytes(nan)}, {"arrays/0.rows.txt": b"\n".join([lines[1], *lines[1:]])},
                       {"arrays/0.rows.txt": b"\n".join([b"-7", *lines[1:]])}, {"arrays/0.rows.txt": b"\n".join(lines[1:])},
                       {"arrays/0.columns.txt": b"\n".join([columns[1], *columns[1:]])}, unknown):
            if change:
                pack("bad.tar", {**good, **change})
                out = bramble("verify", "bad.tar", name, code=1)
                assert out.startswith("refused: "), (task, out)
                refusals.append(out)
        for change, reason in (("rats", "are no densities"), ("mean", "units, the first is \"sd:")) if task == "density" else ():
            pack("bad.tar", {**good, "arrays/0.columns.txt": good["arrays/0.columns.txt"].replace(b"rate:", change.encode() + b":")})
            out = bramble("verify", "bad.tar", name, code=1)
            assert reason in out, (reason, out)
            refusals.append(out)
    print(len(kinds), "kinds of answers are packed and score as their files")


def linked():
    """Symbolic links to predictions and features are followed: what they lead to is packed. What is no file is refused."""
    name, spec = answers("decode", "asked-linked")
    bramble("submit", name, "-m", spec, "-c", "card.yaml", "-o", "plain.tar", "-q")
    os.rename("asked-linked/in", "asked-linked/elsewhere")
    os.mkdir("asked-linked/in")
    files = sorted(os.listdir("asked-linked/elsewhere"))
    for k, f in enumerate(files):
        where = f"asked-linked/elsewhere/{f}"
        os.link(where, f"asked-linked/in/{f}") if k % 2 else os.symlink(os.path.abspath(where), f"asked-linked/in/{f}")
    bramble("submit", name, "-m", spec, "-c", "card.yaml", "-o", "linked.tar", "-q")
    assert open("plain.tar", "rb").read() == open("linked.tar", "rb").read()
    first = f"asked-linked/in/{files[0]}"
    for make, told in ((lambda: os.symlink("nowhere", first), "no such file"), (lambda: os.symlink(files[0], first), "no such file"),
                       (lambda: os.symlink("/dev/zero", first), "not a regular file"), (lambda: os.mkfifo(first), "not a regular file"),
                       (lambda: os.mkdir(first), "found a folder")):
        os.rmdir(first) if os.path.isdir(first) else os.remove(first)
        make()
        assert told in bramble("submit", name, "-m", spec, "-c", "card.yaml", "-o", "odd.tar", "-q", code=3), told
        assert not os.path.exists("odd.tar")


def open_definition(name):
    """The definition that ships, with no models and few draws."""
    found = json.loads(bramble("benchmark", "show", name, "--format", "json"))
    text = f"name: {name}\nversion: {found['version']}\ntitle: Made\ntask: {found['task']}\ndataset: {found['dataset']}\n"
    text += f"metrics: {json.dumps(found['metrics'])}\noptions:\n"
    options = {o["name"]: o["value"] for o in found["options"] if o["value"] != o["default"]}
    return text + "".join(f"  {k}: \"{v}\"\n" for k, v in {**options, "samples": 20}.items())


with tempfile.TemporaryDirectory() as folder:
    os.mkdir(folder + "/work")
    os.chdir(folder + "/work")
    main()
