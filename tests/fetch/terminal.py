"""terminal.py ANSWER COMMAND... - runs a command on a terminal of its own (a pty), answers its first question
("...? ") with ANSWER and prints what the terminal showed. Exits as the command did, 99 when nothing was asked.
"""
import os
import pty
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
shown = b""
asked = False
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:  # the other side has ended
        break
    if not more:
        break
    shown += more
    if not asked and b"[y/N]" in shown:
        os.write(terminal, sys.argv[1].encode() + b"\n")
        asked = True
_, status = os.waitpid(pid, 0)
sys.stdout.write(shown.decode(errors="replace").replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(status) if asked else 99)
