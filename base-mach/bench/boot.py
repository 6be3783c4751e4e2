#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How long the machine takes from the start of QEMU: base-mach/bench/boot.py BUILD [ROUNDS]

To the first line of a component: hello.yaml, whose client prints as soon as it is answered. To the first picture: the
default scenario, until what QEMU's monitor shows of the screen is as it stays. Medians, in seconds; the launcher, which
makes the boot archive, is in them.
"""

import json
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
SIZE = (1024, 640)
CANVAS = (60, 60), bytes.fromhex('fffdf8')  # a place of paint's, the last to appear, and its colour
STILL = 3  # seconds without a change after which it is complete


def launch(build, *arguments, **options):
    return subprocess.Popen([sys.executable, '-B', TOP / 'base-mach/host/run.py', build, *arguments],
                            stderr=subprocess.DEVNULL, **options)


def first_line(build):
    start = time.monotonic()
    with launch(build, 'hello', '--headless', stdout=subprocess.PIPE) as process:
        next(line for line in process.stdout if line.startswith(b'[hello'))
        took = time.monotonic() - start
        process.communicate()
    return took


class Monitor:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        while self.socket.connect_ex(str(path)):
            time.sleep(0.02)
        self.file = self.socket.makefile('rw')
        self.file.readline()
        self.ask('qmp_capabilities')

    def ask(self, command, **arguments):
        self.file.write(json.dumps({'execute': command, 'arguments': arguments}) + '\n')
        self.file.flush()
        while not {'return', 'error'} & json.loads(self.file.readline()).keys():
            pass


def shows_paint(picture):
    """PICTURE is a PPM file."""
    (x, y), colour = CANVAS
    header = b'P6\n%d %d\n255\n' % SIZE
    at = len(header) + 3 * (y * SIZE[0] + x)
    return picture.startswith(header) and picture[at:at + 3] == colour


def first_picture(build):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        start = changed = time.monotonic()
        process = launch(build, '--screen', '--qmp', path / 'qmp', stdout=subprocess.DEVNULL)
        monitor, before = Monitor(path / 'qmp'), b''
        while not shows_paint(before) or time.monotonic() - changed < STILL:
            monitor.ask('screendump', filename=str(path / 'picture'))
            now, picture = time.monotonic(), (path / 'picture').read_bytes()
            if picture != before:
                before, changed = picture, now
            time.sleep(0.05)
        process.terminate()
        process.wait()
    return changed - start


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    for what, measure in (('first line', first_line), ('first picture', first_picture)):
        took = [measure(build) for _ in range(rounds)]
        print(f'{what:16}{statistics.median(took):6.2f} s   ({min(took):.2f} to {max(took):.2f})', flush=True)


if __name__ == '__main__':
    main()
