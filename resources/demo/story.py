#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo without a display: one server, three windows, one story, led step by step and told as it goes.

    story.py --server PROGRAM --desktop PROGRAM --output DIR [--data DIR]

Each window is a process of its own, driven by `--play -` (docs/play-scripts.md). Exits 0 only if at the end all replicas and
the server hold the same documents and every edit is accounted for in the logs.
"""

import argparse
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

STEP_TIME = 90  # seconds: a window gives up earlier and says why
PATIENCE = "within 60s"  # of every step: a busy machine is no failure


class StoryError(Exception):
    """Something went another way than the story says."""


class Window:
    """One eventsync-desktop process and its standard input."""

    def __init__(self, program, name, server, folder, output, transport):
        self.name = name
        self.output = output
        self.lines = 0
        env = dict(os.environ, QT_QPA_PLATFORM="offscreen",
                   XDG_DATA_HOME=str(folder / "data"), XDG_CONFIG_HOME=str(folder / "config"))
        self.errors = open(output / f"{name}.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "--server", server, "--profile", name, "--transport", transport, "--language", "en", "--play", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, encoding="utf-8", env=env)
        self.answers = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.answers.put(line.rstrip("\n"))
        self.answers.put(None)

    def do(self, *steps):
        """Plays the steps; returns what they printed."""
        printed = []
        for step in steps:
            self.lines += 1
            try:
                self.process.stdin.write(f"{step} {PATIENCE}\n")
                self.process.stdin.flush()
            except BrokenPipeError:
                raise StoryError(f"{self.name}: the window is gone; see {self.errors.name}") from None
            while True:
                try:
                    answer = self.answers.get(timeout=STEP_TIME)
                except queue.Empty:
                    raise StoryError(f"{self.name}: no answer to: {step}") from None
                if answer is None:
                    self.process.wait()
                    self.errors.flush()
                    reason = pathlib.Path(self.errors.name).read_text(encoding="utf-8").strip()
                    raise StoryError(f"{self.name}: {step}\n{reason}")
                if answer == f"ok {self.lines}":
                    break
                printed.append(answer)
        return printed

    def report(self):
        return json.loads(self.do("report")[0])

    def picture(self, number):
        self.do(f"screenshot '{self.output / f'{self.name}-{number}.png'}'")

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.errors.close()


class Story:
    expected_text = "Agenda\n1. 인사, everybody\n2. Lunch 😀\n3. 끝!"

    def __init__(self, options):
        self.output = pathlib.Path(options.output).absolute()
        self.temporary = None if options.data else tempfile.TemporaryDirectory(prefix="eventsync-demo-")
        self.folder = pathlib.Path(options.data or self.temporary.name).absolute()
        self.desktop = options.desktop
        self.output.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.windows = {}
        self.picture = 0
        self.log = open(self.output / "server.log", "w", encoding="utf-8")
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        self.server_program = options.server
        self.server = subprocess.Popen(
            [options.server, "--listen", "127.0.0.1:0", "--port-file", str(port_file), "--data", str(self.folder / "server")],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        end = time.monotonic() + 30
        while not (port_file.exists() and port_file.read_text().endswith("\n")):
            if self.server.poll() is not None or time.monotonic() > end:
                raise StoryError(f"the server did not start; see {self.log.name}")
            time.sleep(0.05)
        self.url = f"http://127.0.0.1:{port_file.read_text().split()[0]}"

    def open(self, name, transport):
        self.windows[name] = Window(self.desktop, name, self.url, self.folder, self.output, transport)

    def tell(self, text):
        print(f"\n== {text}", flush=True)

    def show(self):
        """What every window shows now, and a picture of each."""
        self.picture += 1
        for name, window in self.windows.items():
            report = window.report()
            if not any(report["queue"].values()):
                window.do('wait-for text queueState "Everything is on the server"')  # durable here, and so on the screen
            documents = [d["state"] for d in report["documents"].values() if d["state"]]
            waiting = ", ".join(f"{n} {what}" for what, n in report["queue"].items() if n) or "empty"
            for state in documents:
                print(f"   {name:5}  {json.dumps(state, sort_keys=True, ensure_ascii=False)}  queue: {waiting}", flush=True)
            if not documents:
                print(f"   {name:5}  nothing  queue: {waiting}", flush=True)
            window.picture(self.picture)

    def everybody(self, *steps):
        for window in self.windows.values():
            window.do(*steps)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    # ------------------------------------------------------------------------------------------ the story

    def play(self):
        print(f"The server listens on {self.url}.")
        for name, transport in (("alice", "websocket"), ("bob", "websocket"), ("carol", "sse")):
            self.open(name, transport)
        alice, bob, carol = (self.windows[n] for n in ("alice", "bob", "carol"))
        self.tell("Three windows come up on the same, empty list; carol talks server-sent events.")
        self.everybody("wait-for connection online", "wait-for visible gamesViewEmpty")
        self.show()

        self.tell("Alice creates the game Dragon Quest.")
        alice.do("click newGameButton", 'set-text newGameName "Dragon Quest"', "click createGameButton",
                 "wait-for state /gold 100", "wait-for queue all=0")
        for window in (bob, carol):
            window.do('select gamesView "Dragon Quest"', "wait-for state /gold 100")
        self.show()

        self.tell("Bob adds 50 gold; everybody sees it.")
        bob.do("click addGoldButton")
        self.everybody("wait-for confirmed /gold 150")
        self.show()

        self.tell("Carol goes offline, calls the game \"Dragon Quest II\", adds 50 gold and 100 experience.")
        carol.do("offline on", "wait-for connection offline", 'set-text nameEdit "Dragon Quest II"', "click saveButton",
                 "click addGoldButton", "click addExperienceButton", "wait-for queue waiting=3",
                 "expect state /gold 200", "expect confirmed /gold 150")
        self.tell("Meanwhile Alice calls it \"Dragon Quest Online\" and levels up; Bob adds another 50 gold.")
        alice.do('set-text nameEdit "Dragon Quest Online"', "click saveButton", "click levelUpButton")
        bob.do("click addGoldButton")
        for window in (alice, bob):
            window.do('wait-for confirmed /name \'"Dragon Quest Online"\'', "wait-for confirmed /level 2",
                      "wait-for confirmed /gold 200", "wait-for queue all=0")
        self.show()

        self.tell("Carol comes back: her gold and experience merge, the two names are a conflict that she is asked about.")
        carol.do("offline off", "wait-for queue conflicts=1 waiting=0 sent=0", "wait-for visible conflictBanner")
        self.everybody("wait-for confirmed /gold 250", "wait-for confirmed /experience 100")
        carol.do("click decideNextButton", "wait-for row conflictTable Quest", "wait-for enabled keepMineButton")
        self.show()

        self.tell("She keeps hers. The decision is an event too.")
        carol.do("click keepMineButton", "wait-for queue all=0")
        self.everybody('wait-for confirmed /name \'"Dragon Quest II"\'')

        self.tell("Bob levels up and thinks better of it: undo.")
        bob.do("click levelUpButton", "wait-for confirmed /level 3", "trigger undoAction", "wait-for confirmed /level 2",
               "wait-for queue all=0")
        self.everybody("wait-for confirmed /level 2", "wait-for queue all=0", "select tabs eventLogTab", "wait-for row eventLogView undo")
        self.show()
        self.everybody("select tabs clocksTab", "wait-for row stateVectorView here", "wait-for no-row stateVectorView behind",
                       "expect rows vectorClockView 3")
        self.show()
        self.write_together(alice, bob, carol)
        self.check()

    def write_together(self, alice, bob, carol):
        """Two people type in one text, one of them offline; a third looks on."""
        self.tell("Alice makes a text, \"Meeting notes\", and begins to write. Bob and Carol open it.")
        alice.do("trigger newTextAction", 'set-text newGameName "Meeting notes"', "click createGameButton", "wait-for visible textEditor",
                 'type textEditor "Agenda\\n1. 인사\\n"', "wait-for queue all=0")
        for window in (bob, carol):
            window.do('select gamesView "Meeting notes"', "select tabs textTab", "wait-for visible textEditor",
                      'wait-for text textEditor "Agenda\\n1. 인사\\n"', "wait-for contains people alice")
        alice.do("wait-for contains people bob", "wait-for contains people carol")
        bob.do("cursor textEditor end")
        alice.do('wait-for cursor textEditor "bob at 13"', 'wait-for cursor textEditor "carol at 0"')
        self.show()

        self.tell("Bob goes offline and writes on at the end; meanwhile Alice writes in the middle and in front.")
        bob.do("offline on", "wait-for connection offline", 'type textEditor "2. Lunch 😀\\n"', 'type textEditor "3. 끝"',
               'wait-for state /text \'"Agenda\\n1. 인사\\n2. Lunch 😀\\n3. 끝"\'')
        alice.do("cursor textEditor 12", 'type textEditor ", everybody"', "cursor textEditor 0", 'type textEditor "Monday: "',
                 "wait-for queue all=0")
        carol.do('wait-for text textEditor "Monday: Agenda\\n1. 인사, everybody\\n"')
        self.show()

        self.tell("Bob comes back. Both texts are one, everywhere, and his cursor stands where he left it.")
        bob.do("offline off", "wait-for queue all=0")
        both = "Monday: Agenda\\n1. 인사, everybody\\n2. Lunch 😀\\n3. 끝"
        self.everybody(f'wait-for text textEditor "{both}"')
        bob.do('type textEditor "!"')
        self.everybody(f'wait-for text textEditor "{both}!"')
        self.show()

        self.tell("Alice takes back what she wrote last; what Bob wrote stays.")
        alice.do("trigger undoAction")
        self.everybody('wait-for text textEditor "Agenda\\n1. 인사, everybody\\n2. Lunch 😀\\n3. 끝!"',
                       "wait-for queue all=0")
        self.show()

    def check(self):
        self.tell("Do all replicas hold the same?")
        reports = {name: window.report() for name, window in self.windows.items()}
        documents = {name: report["documents"] for name, report in reports.items()}
        first = documents["alice"]
        if any(other != first for other in documents.values()):
            raise StoryError(f"the replicas differ: {json.dumps(documents, indent=1)}")
        if any(sum(report["queue"].values()) for report in reports.values()):
            raise StoryError("a queue is not empty")
        (text, written), = ((id, d) for id, d in first.items() if "text" in d["state"])
        stored = self.get(f"/api/texts/{text}")
        if stored.get("text") != written["state"]["text"] or written["state"]["text"] != self.expected_text:
            raise StoryError(f"the server holds another text: {stored}")
        (game, held), = ((id, d) for id, d in first.items() if id != text)
        stored = self.get(f"/api/games/{game}")
        if any(stored.get(key) != value for key, value in held["state"].items()):
            raise StoryError(f"the server holds something else: {stored}")
        events = self.get(f"/api/events/{game}?after=0")
        events = events["events"] if isinstance(events, dict) else events
        if [e["serverSeq"] for e in events] != list(range(1, held["serverSeq"] + 1)):
            raise StoryError("the log has gaps")
        counts = {}
        for event in events:
            counts[event["clientId"]] = counts.get(event["clientId"], 0) + 1
        # Each replica's edits, by what the windows did: every one is in the log, none twice.
        did = {"alice": 3, "bob": 4, "carol": 3}
        for name, number in did.items():
            if counts.get(reports[name]["clientId"]) != number:
                raise StoryError(f"{name} made {number} edits, the log has {counts.get(reports[name]['clientId'], 0)}")
        decided = [e for e in events if "conflict" in (e.get("metadata") or {})]
        if len(decided) != 1:
            raise StoryError(f"the log records {len(decided)} decided conflicts, not one")
        print(f"   Yes: {json.dumps(held['state'], sort_keys=True)}")
        print(f"   {len(events)} events: alice {did['alice']}, bob {did['bob']}, carol {did['carol']}; one of them is a decided conflict.")
        print(f"   Yes: {json.dumps(written['state'], sort_keys=True, ensure_ascii=False)}")
        print(f"   {written['serverSeq']} patches made that text; the same in three windows and on the server.")

    def verify(self):
        """The log against everything derived from it, once the server has stopped."""
        answer = subprocess.run([self.server_program, "verify", "--data", str(self.folder / "server")], capture_output=True,
                                text=True, check=False)
        if answer.returncode != 0:
            raise StoryError(f"the log does not prove what the store holds:\n{answer.stdout}{answer.stderr}")
        print("   The server's log proves its documents, clocks and chain (eventsync-server verify).")

    def close(self):
        for window in self.windows.values():
            window.close()
        if self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            try:
                self.server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()
        self.log.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, text in (("server", "eventsync-server to run"), ("desktop", "eventsync-desktop to run"),
                       ("data", "folder for databases; by default one that goes again"), ("output", "folder for screenshots and logs")):
        parser.add_argument(f"--{name}", required=name != "data", metavar="PATH", help=text)
    options = parser.parse_args()
    story = None
    try:
        story = Story(options)
        story.play()
        story.close()
        story.verify()
        print(f"   Screenshots are in {os.path.relpath(story.output)}: {story.picture} of each window.")
        return 0
    except StoryError as error:
        print(f"\nThe story went wrong: {error}", file=sys.stderr)
        return 1
    finally:
        if story:
            story.close()
            if story.temporary:
                story.temporary.cleanup()


if __name__ == "__main__":
    sys.exit(main())
