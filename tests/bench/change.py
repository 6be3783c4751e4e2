# SPDX-License-Identifier: BSD-2-Clause
"""How long it takes until a component has the new content of a ROM module whose file has changed."""

import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile
import time

from figures import Figure, Target
from sides import Failed, Lines, start

NAME = 'module'
SCENARIO = '''files: {{ text: '{path}' }}
start:
  reader: {{ binary: rom_reader, config: {{ text: true }}, route: {{ ROM: [{{ match: text, to: parent }}] }} }}
'''


class Follower:
    """A process that writes "text: CONTENT" when the file in FOLDER has another content."""

    def __init__(self, command, placement, folder):
        self.path = pathlib.Path(folder, NAME)
        self.number = 0
        self.path.write_text('0', encoding='ascii')
        self.process = start(command, placement, stdin=subprocess.DEVNULL)
        self.lines = Lines(self.process.stdout)
        self.wait()

    def wait(self):
        while (line := self.lines.get()) is not None:
            if line.endswith(f'text: {self.number}'):
                return
        raise Failed('the process has ended:' + ''.join(f'\n    {line}' for line in self.lines.seen))

    def change(self):
        """Nanoseconds from the change to the line."""
        self.number += 1
        other = self.path.with_suffix('.new')
        other.write_text(str(self.number), encoding='ascii')
        before = time.monotonic_ns()
        other.rename(self.path)
        self.wait()
        return time.monotonic_ns() - before

    def slice(self, ms):
        values = []
        limit = time.monotonic() + ms / 1e3
        while not values or time.monotonic() < limit:
            values.append(self.change())
        return sum(values) / len(values)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.lines.close()


class Change:
    """A file changes, core sees it, a component attaches the new content and says it; beside a program that does the
    same by itself."""

    name = 'config-change'
    what = 'a change of a file, until a component has said its new content'
    where = ('one-core', 'unpinned')

    def run(self, build, placement, effort):
        values, others = [], []
        with contextlib.ExitStack() as stack:
            folders = [stack.enter_context(tempfile.TemporaryDirectory()) for _ in range(3)]
            scenario = pathlib.Path(folders[2], 'change.yaml')
            scenario.write_text(SCENARIO.format(path=pathlib.Path(folders[0], NAME)), encoding='ascii')
            command = [build / 'base-linux/command/seedbed', 'run', scenario, '--headless']
            system = Follower(command, placement, folders[0])
            stack.callback(system.end)
            raw = Follower([build / 'tests/bench/baseline/baseline-changes', folders[1], NAME], placement, folders[1])
            stack.callback(raw.end)
            for number in range(effort.rounds):
                for side, to in ((system, values), (raw, others))[::1 if number % 2 == 0 else -1]:
                    to.append(side.slice(effort.ms))
        yield Figure(self.name, placement.name, 'ns', values, 'inotify', others, Target('value', 20e6))


CHANGES = [Change()]
