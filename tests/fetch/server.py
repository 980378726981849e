"""server.py FOLDER PORTFILE - an HTTP server on loopback that misbehaves by path, for fetch.sh.

/ok/F serves FOLDER/F, ranges included; /norange/F ignores ranges; /cut/F breaks off in the middle each
time, ranges included; /flaky/F says 500 twice, then serves; /slow/F stops sending; /gone/F is 404, /login/F
403; /to/F redirects to /ok/F, /tofile/F to file:, /loop/F to itself; /wrong/F sends other bytes of the same
number, /more/F one byte more; /stop/F states no length and stops halfway. Each request is a line in PORTFILE.log.
"""
import http.server
import os
import re
import sys
import threading
import time

folder, portfile = sys.argv[1:]
failed = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def empty(self, code, location=None):
        self.send_response(code)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def body(self, data, ranges=True, send=None, length=True):
        wanted = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(wanted.group(1)) if wanted and ranges else 0
        if first and first >= len(data):
            return self.empty(416)
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (first, len(data) - 1, len(data)))
        rest = data[first:]
        if length:
            self.send_header("Content-Length", str(len(rest)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(rest if send is None else rest[:send(len(rest))])
        self.wfile.flush()
        return None

    def do_GET(self):
        _, how, name = self.path.split("/", 2)
        with open(portfile + ".log", "a") as log:
            log.write("%s %s\n" % (self.path, self.headers.get("Range", "-")))
        try:
            with open(os.path.join(folder, name.replace("%20", " ")), "rb") as f:
                data = f.read()
        except OSError:
            return self.empty(404)
        if how == "ok":
            return self.body(data)
        if how == "norange":
            return self.body(data, ranges=False)
        if how == "cut":
            self.body(data, send=lambda n: max(n // 2, min(n, 4000)))
            self.close_connection = True
            return self.connection.shutdown(2)
        if how == "stop":
            self.body(data, ranges=False, send=lambda n: n // 2, length=False)
            self.close_connection = True
            return None
        if how == "flaky":
            failed[name] = failed.get(name, 0) + 1
            return self.empty(500) if failed[name] <= 2 else self.body(data)
        if how == "slow":
            self.body(data, send=lambda n: n // 3)
            time.sleep(30)
            return None
        if how == "wrong":
            return self.body(bytes(255 - b for b in data), ranges=False)
        if how == "more":
            return self.body(data + b"x", ranges=False)
        if how == "to":
            return self.empty(302, "/ok/" + name)
        if how == "tofile":
            return self.empty(302, "file://" + os.path.join(folder, name))
        if how == "loop":
            return self.empty(302, self.path)
        return self.empty(403 if how == "login" else 404)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
server.handle_error = lambda *args: None  # clients that go away are part of it
with open(portfile + ".new", "w") as f:
    f.write(str(server.server_port))
os.rename(portfile + ".new", portfile)
threading.Timer(120, lambda: os._exit(0)).start()  # whoever started it may have died
server.serve_forever()
