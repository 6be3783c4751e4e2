# SPDX-License-Identifier: BSD-2-Clause
"""Figures of Seedbed on GNU Mach in QEMU.

    bench.py BUILD [--rounds N]

A call is measured beside a bare exchange of messages between the same two tasks in the same boot, in slices that
alternate (bench_rpc.c); N boots give N medians. What else there is depends on this host and how busy it is: times of a
boot, and what QEMU takes when the system has nothing to do.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / 'base-mach/host'))

from archive import archive, programs, stripped  # noqa: E402
from machine import Machine  # noqa: E402

LIMIT = 180  # seconds
TEXT_MODE = 720  # pixels, the width of a screen of text
IDLE = 5  # seconds


class System:
    """A machine with SCENARIO, a path; its lines are read until it is left."""

    def __init__(self, build, scenario):
        text = scenario.read_bytes()
        files = {'config': text, 'run': b'mode: display\nfile: bench\n', **programs(build / 'components', text)}
        self.folder = tempfile.TemporaryDirectory()  # for pictures
        core, data = stripped(build / 'base-mach/core/core'), archive(files)
        self.size = len(core) + len(data)
        self.start = time.monotonic()
        self.machine = Machine(str(build / 'toolchain/gnumach'), core, data, monitored=True)
        self.monitor = None
        self.came = threading.Condition()
        self.lines = []  # (seconds, text)
        self.ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_why):
        self.machine.kill()
        self.machine.status()
        self.machine.monitor.close()
        self.folder.cleanup()

    def _read(self):
        for line in self.machine.console():
            with self.came:
                self.lines.append((time.monotonic() - self.start, line))
                self.came.notify_all()
        with self.came:
            self.ended = True
            self.came.notify_all()

    def expect(self, pattern):
        """Seconds and match of the first line with PATTERN."""
        def find():
            return next(((when, match) for when, text in self.lines if (match := re.search(pattern, text))), None)
        with self.came:
            if not self.came.wait_for(lambda: find() or self.ended, LIMIT) or not find():
                sys.exit(f'bench: no "{pattern}" in:\n' + '\n'.join(text for _when, text in self.lines[-12:]))
            return find()

    def _command(self, name, **arguments):
        self.monitor.write(json.dumps({'execute': name, 'arguments': arguments}) + '\n')
        self.monitor.flush()
        while 'return' not in (answer := json.loads(self.monitor.readline())):
            if 'error' in answer:
                sys.exit(f'bench: {name}: {answer}')

    def connect(self):
        self.monitor = self.machine.monitor.makefile('rw')
        self.monitor.readline()
        self._command('qmp_capabilities')

    def until(self, shown):
        """Seconds until SHOWN(width, pixels) of the screen holds."""
        while time.monotonic() - self.start < LIMIT:
            self._command('screendump', filename=f'{self.folder.name}/picture')
            when = time.monotonic() - self.start
            with open(f'{self.folder.name}/picture', 'rb') as file:
                size = [file.readline() for _line in range(3)][1]
                if shown(int(size.split()[0]), file.read()):
                    return when
            time.sleep(0.05)
        sys.exit('bench: there is no picture')

    def processor(self):
        """Seconds of processor time that QEMU has taken."""
        fields = pathlib.Path(f'/proc/{self.machine.process.pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def idle(self):
        """Share of a processor that QEMU takes."""
        before, start = self.processor(), time.monotonic()
        time.sleep(IDLE)
        return (self.processor() - before) / (time.monotonic() - start)


def calls(build, rounds):
    figures = []
    for _round in range(rounds):
        with System(build, TOP / 'base-mach/bench/rpc.yaml') as system:
            _when, match = system.expect(r'figure rpc-8 (\d+) (\d+) (\d+) (\d+) (\d+)')
            figures.append([int(number) for number in match.groups()])
    seedbed, bare, ratio, low, high = (statistics.median(column) for column in zip(*figures))
    print(f'rpc-8                 {seedbed / 1000:8.1f} us, bare {bare / 1000:.1f} us, ratio {ratio / 1000:.2f} '
          f'(quartiles {low / 1000:.2f} to {high / 1000:.2f}; boots: '
          f'{" ".join(f"{figure[2] / 1000:.2f}" for figure in figures)}), aim 1.30')


def any_picture(width, pixels):
    return width != TEXT_MODE and len({pixels[at:at + 3] for at in range(0, len(pixels) - 3, 3 * 61)}) > 8


def paint(width, pixels):
    """The sheet of paint, which is the last to appear."""
    at = 3 * (60 * width + 60)
    return pixels[at:at + 3].hex() == 'fffdf8'


def boot(build):
    with System(build, TOP / 'scenarios/hello.yaml') as system:
        when, _match = system.expect(r'\[hello-client\]')
        print(f'first line            {when:8.1f} s after QEMU was started, aim 6')
    with System(build, TOP / 'scenarios/default.yaml') as system:
        print(f'boot image            {system.size / 1024:8.0f} KiB, core and archive of the default scenario')
        system.connect()
        print(f'first picture         {system.until(any_picture):8.1f} s after QEMU was started')
        print(f'all of it             {system.until(paint):8.1f} s')
        time.sleep(IDLE)
        print(f'idle                  {100 * system.idle():8.1f} % of a processor for QEMU, with the kernel\'s clock '
              'of 100 ticks a second')


def main():
    parser = argparse.ArgumentParser(prog='bench.py')
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('--rounds', type=int, default=5, help='boots that the call is measured in')
    options = parser.parse_args()
    calls(options.build, options.rounds)
    boot(options.build)


if __name__ == '__main__':
    main()
