"""`bramble run` on a terminal (a pty of our own) shows a table of what is done, running and failed, and takes it off
at the end; elsewhere it writes plain lines.

Usage: live_table.py BRAMBLE DEFINITION. The standard library is enough.
"""
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios

BRAMBLE, DEFINITION = (os.path.abspath(p) for p in sys.argv[1:3])


class Screen:
    """As much of a terminal as is used: text, carriage return, new line, up, erase."""

    def __init__(self):
        self.lines, self.row, self.col, self.seen = [""], 0, 0, []

    def write(self, text):
        for part in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
            if part == "\r":
                self.col = 0
            elif part == "\n":
                self.row += 1
                if self.row == len(self.lines):
                    self.lines.append("")
            elif part.startswith("\x1b"):
                self.control(part[2:-1], part[-1])
            else:
                line = self.lines[self.row].ljust(self.col)
                self.lines[self.row] = line[: self.col] + part + line[self.col + len(part) :]
                self.col += len(part)

    def control(self, number, letter):
        if letter == "A":
            self.seen.append("\n".join(self.lines))
            self.row -= int(number)
            assert self.row >= 0, "above the top"
        elif letter == "K":
            self.lines[self.row] = self.lines[self.row][: self.col]
        elif letter == "J":
            self.lines[self.row :] = [self.lines[self.row][: self.col]]
        else:
            assert letter == "m", letter


def on_a_terminal(*words, width=80):
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.environ.pop("COLUMNS", None)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
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
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.decode()


def main():
    text = open(DEFINITION).read().replace("models: [", 'models: ["process:sleep 0.6; exit 7", ')
    with open("tiny.yaml", "w") as f:
        f.write(text)
    for width in 80, 60:
        code, out = on_a_terminal("run", "./tiny.yaml", "--out", f"seen{width}", width=width)
        screen = Screen()
        screen.write(out)
        tables = [s for s in screen.seen if "benchmark" in s and "running" in s]
        assert code == 1 and tables, (code, out)
        assert all(len(line) <= width for s in tables for line in s.splitlines() if "bramble: " not in line), tables[-1]
        rows = [re.search(r"^tiny +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$", s, re.M) for s in tables]
        numbers = [tuple(map(int, r.groups())) for r in rows]
        assert all(n[0] == 12 and n[1] + n[2] <= 12 for n in numbers), numbers
        assert [n[1] for n in numbers] == sorted(n[1] for n in numbers), "what is done stays done"
        assert any(n[2] for n in numbers), "some were seen running"
        end = "\n".join(screen.lines)
        assert "running" not in end and end.count("exit status 7") == 2 and "planned" in end, end
    plain = subprocess.run([BRAMBLE, "run", "./tiny.yaml", "--out", "plain", "--progress", "plain"], capture_output=True, text=True)
    assert "\x1b" not in plain.stdout + plain.stderr and "cells: 12 of 12 (100%)" in plain.stderr, plain.stderr
    quiet = subprocess.run([BRAMBLE, "run", "./tiny.yaml", "--out", "quiet"], capture_output=True, text=True)
    assert "\x1b" not in quiet.stdout + quiet.stderr and "cells:" not in quiet.stderr, quiet.stderr
    print(len(tables), "tables, the last of them:", tables[-1], sep="\n")


with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    main()
