"""bramble leaderboard on a terminal (a pty) of 80 and of 200 columns: no line is wider, no column of the narrow one is
missing in the wide one, numbers stand below each other; without a terminal it is as on one of 80.

Usage: test_widths.py BRAMBLE MAKE_RESULTS. The standard library is enough.
"""
import fcntl
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios

BRAMBLE, MAKE_RESULTS = (os.path.abspath(p) for p in sys.argv[1:3])


def on_a_terminal(width, *words):
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        os.execv(BRAMBLE, [BRAMBLE, *words])
    out = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # the other side has ended
            break
        if not more:
            break
        out += more
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, out
    return out.decode().replace("\r", "").splitlines()


def table(lines):
    """The headings of the first table and the places where its columns end."""
    at = next(i for i, line in enumerate(lines) if line.startswith(("\u2500", "-")))
    rule = lines[at]
    ends = [i for i, c in enumerate(rule) if c != " " and (i + 1 == len(rule) or rule[i + 1] == " ")]
    return lines[at - 1].split(), ends, lines[at + 1 : lines.index("", at)]


with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    subprocess.run([MAKE_RESULTS, "results", "200", "1", "20"], check=True)
    shown = {}
    for width in 80, 200:
        lines = on_a_terminal(width, "leaderboard", "results")
        assert all(len(line) <= width for line in lines), max(lines, key=len)
        head, ends, rows = table(lines)
        assert len(head) == len(ends) and len(rows) == 200, (head, len(rows))
        shown[width] = head
        score = ends[head.index("score")]
        assert all(row[score + 1 : score + 2] in ("", " ") for row in rows), "cells stay in their columns"
    assert [h for h in shown[200] if h in shown[80]] == shown[80] and len(shown[200]) > len(shown[80]), shown
    piped = subprocess.run([BRAMBLE, "leaderboard", "results"], capture_output=True, text=True, check=True).stdout
    assert all(len(line) <= 80 for line in piped.splitlines())
    print("80 columns:", *shown[80], "\n200 columns:", *shown[200])
