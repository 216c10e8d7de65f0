"""`inlay dev` under test: what it says, line by line, as it comes."""

import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

from projects import NOWHERE
from serving import INLAY, is_running


class Dev:
    """One `inlay dev --json`."""

    def __init__(self, directory, *arguments):
        command = [INLAY, "dev", str(directory), "--json", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=NOWHERE, start_new_session=True)
        self.events, self.errors = [], []
        self.news = threading.Condition()
        self.threads = [threading.Thread(target=self.listen), threading.Thread(target=self.hear_errors)]
        for thread in self.threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.wait()

    def listen(self):
        for line in self.process.stdout:
            with self.news:
                self.events.append({**json.loads(line), "at": time.monotonic()})
                self.news.notify_all()
        with self.news:
            self.events.append({"event": "end", "at": time.monotonic()})
            self.news.notify_all()

    def hear_errors(self):
        self.errors.extend(self.process.stderr)

    def wait(self):
        """Its exit code, once all that it said is here."""
        code = self.process.wait(timeout=30)
        for thread in self.threads:
            thread.join(timeout=30)
        return code

    def all(self, event):
        return [one for one in self.events if one["event"] == event]

    def await_event(self, event, count=1, seconds=60, holds=lambda event: True):
        """The event of this kind that is the `count`th."""

        def found():
            return [one for one in self.all(event) if holds(one)]

        with self.news:
            self.news.wait_for(lambda: len(found()) >= count or self.all("end"), timeout=seconds)
            assert len(found()) >= count, (event, count, self.events, self.errors)
            return found()[count - 1]

    @property
    def url(self):
        return self.await_event("serving")["url"]

    def ask(self, body=None, query=""):
        """Status and content of an answer."""
        request = urllib.request.Request(self.url + query, data=body)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def children(self):
        """The processes that it has started, and those that they have."""
        parents = {}
        for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
            except OSError:
                pass  # It has ended meanwhile.
        found, waiting = [], [self.process.pid]
        while waiting:
            own = waiting.pop()
            below = [pid for pid, parent in parents.items() if parent == own]
            found += below
            waiting += below
        return [pid for pid in found if is_running(pid)]

    def end(self, how=signal.SIGTERM):
        os.kill(self.process.pid, how)
        return self.wait()
