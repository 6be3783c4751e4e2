# SPDX-License-Identifier: BSD-2-Clause
"""The machine's own screen, keyboard and mouse, seen and used through QEMU's monitor, in TAP.

    test_screen.py BUILD [TEST ...]

What paint shows must be, pixel for pixel, what it shows on Linux: the golden pictures are those of tests/headless. A
test waits for what is on the screen, not for time; one that fails ends at a limit that is far.
"""

import json
import pathlib
import struct
import sys
import tempfile
import threading
import time
import zlib

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / 'base-mach/host'), str(TOP / 'tests/runner')]

import tap  # pylint: disable=wrong-import-position,import-error
from archive import archive, programs, stripped  # pylint: disable=wrong-import-position,import-error
from machine import Machine  # pylint: disable=wrong-import-position,import-error

BUILD = pathlib.Path(sys.argv[1])
LIMIT = 120  # seconds
W, H = 640, 400
DESK, INK, PAPER = 'e7e3da', '2f3a45', 'fffdf8'  # of paint: beside the sheet, its first colour, the sheet
POINTER = ((0, 8, '575757'), (1, 8, 'ffffff'), (2, 2, '202020'))  # pixels of the pointer, from where it points
PAINT = '''start:
  timer:
  gui:
  display: { route: { Host: parent, Machine: parent }, config: { width: %d, height: %d } }
  paint: { config: { sketch: %s } }
'''


# ---- pictures: width, height, bytes of red, green, blue

def unfilter(kind, line, above, step):
    """A line of a PNG file, in place."""
    for at, value in enumerate(line):
        left, up = line[at - step] if at >= step else 0, above[at]
        if kind == 1:
            value += left
        elif kind == 2:
            value += up
        elif kind == 3:
            value += (left + up) // 2
        elif kind == 4:
            corner = above[at - step] if at >= step else 0
            guess = left + up - corner
            value += min((left, up, corner), key=lambda known: abs(guess - known))
        line[at] = value & 255


def golden(name):
    data = (TOP / 'tests/headless' / f'{name}.png').read_bytes()
    at, packed, width, height, step = 8, b'', 0, 0, 3
    while at < len(data):
        size, kind = struct.unpack('>I4s', data[at:at + 8])
        if kind == b'IHDR':
            width, height, depth, colours = struct.unpack('>IIBB', data[at + 8:at + 18])
            assert depth == 8 and colours in (2, 6)
            step = 3 if colours == 2 else 4
        elif kind == b'IDAT':
            packed += data[at + 8:at + 8 + size]
        at += size + 12
    lines, pixels, above = zlib.decompress(packed), bytearray(), bytearray(width * step)
    for y in range(height):
        start = y * (width * step + 1)
        line = bytearray(lines[start + 1:start + 1 + width * step])
        unfilter(lines[start], line, above, step)
        above = line
        pixels += line if step == 3 else b''.join(line[i:i + 3] for i in range(0, len(line), 4))
    return width, height, bytes(pixels)


def difference(picture, wanted):
    """In words; empty if there is none."""
    if picture == wanted:
        return ''
    if picture[:2] != wanted[:2]:
        return f'{picture[0]} by {picture[1]} pixels instead of {wanted[0]} by {wanted[1]}'
    width = picture[0]
    other = [i for i in range(width * picture[1]) if picture[2][3 * i:3 * i + 3] != wanted[2][3 * i:3 * i + 3]]
    return (f'{len(other)} pixels differ, x {min(i % width for i in other)} to {max(i % width for i in other)}, '
            f'y {other[0] // width} to {other[-1] // width}')


def moved(pixels, dx, dy):
    return [(x + dx, y + dy, colour) for x, y, colour in pixels]


def has(picture, pixels):
    width, height, data = picture
    for x, y, colour in pixels:
        at = 3 * (y * width + x)
        if not (0 <= x < width and 0 <= y < height and data[at:at + 3].hex() == colour):
            return False
    return True


# ---- a machine

class Screen:
    """A machine that runs SCENARIO, with its monitor."""

    def __init__(self, scenario, mode='display', network=()):
        self.folder = tempfile.TemporaryDirectory()  # for pictures
        files = {'config': scenario.encode(), 'run': f'mode: {mode}\nfile: test\nbooks: true\n'.encode()}
        files |= programs(BUILD / 'components', scenario.encode())
        self.machine = Machine(str(BUILD / 'toolchain/gnumach'), stripped(BUILD / 'base-mach/core/core'),
                               archive(files), monitored=True, network=network)
        self.lines = []
        self.came = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        self.at = [0, 0]
        self.monitor = self.machine.monitor.makefile('rw')
        self.monitor.readline()
        self.command('qmp_capabilities')

    def __enter__(self):
        return self

    def __exit__(self, *_why):
        self.machine.kill()
        self.machine.status()
        self.monitor.close()
        self.machine.monitor.close()
        self.folder.cleanup()

    def _read(self):
        for line in self.machine.console():
            with self.came:
                self.lines.append(line)
                self.came.notify_all()
        with self.came:
            self.lines.append('[end]')
            self.came.notify_all()

    def _wait(self, holds, what):
        end = time.monotonic() + LIMIT
        while not holds():
            said = '\n'.join(self.lines[-12:])
            assert time.monotonic() < end and '[end]' not in self.lines, f'{what() if callable(what) else what}\n{said}'
            time.sleep(0.02)  # between two looks; it decides nothing

    @staticmethod
    def _wait_a_while(holds):
        """Until it holds, or for a moment, which decides nothing."""
        end = time.monotonic() + 0.5
        while not holds() and time.monotonic() < end:
            time.sleep(0.02)

    def expect(self, text, times=1):
        """Waits until the console has had TEXT so many times."""
        with self.came:
            def count():
                return sum(text in line for line in self.lines)
            self.came.wait_for(lambda: count() >= times or '[end]' in self.lines, LIMIT)
            assert count() >= times, f'not said: {text}\n' + '\n'.join(self.lines[-12:])

    def command(self, name, **arguments):
        self.monitor.write(json.dumps({'execute': name, 'arguments': arguments}) + '\n')
        self.monitor.flush()
        while True:
            answer = json.loads(self.monitor.readline())
            assert 'error' not in answer, f'{name}: {answer}'
            if 'return' in answer:
                return answer['return']

    # what is seen

    def picture(self):
        path = f'{self.folder.name}/picture'
        self.command('screendump', filename=path)
        with open(path, 'rb') as file:
            size = [file.readline() for _ in range(3)][1].split()
            return int(size[0]), int(size[1]), file.read()

    def until(self, *pixels):
        self._wait(lambda: has(self.picture(), pixels), f'not on the screen: {pixels}')

    def until_golden(self, name):
        wanted = golden(name)
        self._wait(lambda: self.picture() == wanted, lambda: f'{name}: {difference(self.picture(), wanted)}')

    # what the user does: events by events, so that none adds to another on the way

    def event(self, kind, **data):
        self.command('input-send-event', events=[{'type': kind, 'data': data}])

    def key(self, name):
        for down in (True, False):
            self.event('key', down=down, key={'type': 'qcode', 'data': name})

    def button(self, down, name='left'):
        self.event('btn', down=down, button=name)

    def wheel(self, way):
        for down in (True, False):
            self.button(down, f'wheel-{way}')

    def centre(self):
        """Where the pointer of a driver that has just started is, though nobody sees it before the first move."""
        self.at = [W // 2, H // 2]

    def centre_again(self):
        """
        The same for a driver that took the place of another, from when on is not known: it takes the first of these
        moves that comes when it has set up the mouse. After the one downwards none of them is on its way any more.
        """
        def in_row(row):
            picture = self.picture()
            self.at = next(([x, row] for x in range(W // 2, W - 2) if has(picture, moved(POINTER, x, row))), self.at)
            return self.at[1] == row

        self.at = [0, 0]
        while not in_row(H // 2):
            self.command('input-send-event', events=[{'type': 'rel', 'data': {'axis': 'x', 'value': 1}}])
            self._wait_a_while(lambda: in_row(H // 2))
        self.command('input-send-event', events=[{'type': 'rel', 'data': {'axis': 'y', 'value': 10}}])
        self._wait(lambda: in_row(H // 2 + 10), 'the pointer does not move')

    def until_pointer(self):
        self.until(*moved(POINTER, *self.at))

    def move(self, x, y):
        """In one step, which is seen before the next: a packet has room for less than 128 in each direction."""
        assert max(abs(x - self.at[0]), abs(y - self.at[1])) < 128
        events = [{'type': 'rel', 'data': {'axis': axis, 'value': to - at}}
                  for axis, to, at in zip('xy', (x, y), self.at) if to != at]
        self.command('input-send-event', events=events)
        self.at = [x, y]
        self.until_pointer()

    def go(self, x, y):
        """In as many steps as it takes."""
        while self.at != [x, y]:
            self.move(*(at + max(-100, min(100, to - at)) for at, to in zip(self.at, (x, y))))

    def stroke(self, x, y, to):
        self.go(x, y)
        self.button(True)
        self.move(to, y)
        self.button(False)
        self.until(((x + to) // 2, y, INK))

    def end(self):
        self.machine.wish('end')
        self.expect('[core] books: balanced')
        assert self.machine.status() == 0


# ---- tests

def paint_looks_as_on_linux():
    with Screen(PAINT % (W, H, 'true')) as screen:
        screen.until_golden('paint-start')
        screen.end()


def mouse_and_keyboard_draw_as_on_linux():
    """As paint_draws_strokes of tests/headless does; the brush becomes thicker by key and by wheel in turn."""
    with Screen(PAINT % (W, H, 'false')) as screen:
        screen.until((2, 2, DESK))
        screen.centre()
        for i in range(8):
            x = 60 + i * 60
            screen.key(str(i + 1))
            screen.go(x, 60)
            screen.button(True)
            for j in range(1, 8):
                screen.move(x + (j & 1) * 40, 60 + j * 22)
            screen.move(x, 250)
            screen.button(False)
            if i == 5:  # thinner by one, thicker by two
                screen.wheel('down')
                screen.wheel('up')
            if i in (3, 5):
                screen.wheel('up')
            elif i & 1:
                screen.key('bracket_right')
        screen.until_golden('paint-strokes')
        screen.key('1')
        screen.key('c')
        screen.until_golden('paint-cleared')
        screen.end()


def driver_and_gui_can_be_replaced():
    with Screen(PAINT % (W, H, 'false')) as screen:
        screen.until((2, 2, DESK))
        screen.centre()
        screen.stroke(100, 100, 200)
        for times in (1, 2):
            screen.machine.wish('kill display')
            screen.expect('display was killed', times)
            # the next one has no pointer until the mouse is moved, and that by itself
            screen.until((150, 100, INK))
            screen.centre_again()
            screen.stroke(100, 100 + 30 * times, 200)
        screen.machine.wish('kill gui')
        screen.expect('the gui was restarted')
        screen.until((150, 100, INK), (150, 130, INK), (150, 160, INK), (2, 2, DESK))
        screen.until_pointer()
        screen.stroke(100, 200, 200)
        screen.key('c')
        screen.until((150, 100, PAPER), (150, 200, PAPER))
        screen.end()


def modes_that_cannot_be_are_said():
    with Screen(PAINT % (641, H, 'true')) as screen:
        screen.expect('[display] the screen has no mode of 641 by 400 pixels')
    with Screen(PAINT % (8192, 8192, 'true')) as screen:
        screen.expect('[display] the screen has no mode of 8192 by 8192 pixels')


def machine_probe(step, line, network=()):
    scenario = 'start:\n  m:\n    binary: machine_probe\n    config: { step: %s }\n    restart: never\n' \
               '    exit: ends-system\n    route: { Machine: parent, Host: parent }\n'
    with Screen(scenario % step, 'headless', network) as screen:
        screen.expect(line)
        screen.expect('[core] books: balanced')


def devices_are_for_one_driver_at_a_time():
    machine_probe('sessions', '[m] sessions: ok')


def devices_have_what_they_have():
    machine_probe('operations', '[m] operations: ok')


def device_memory_is_a_dataspace():
    machine_probe('memory', '[m] memory: ok')


def ports_are_closed_before_the_session():
    machine_probe('early', '[init] m faulted')


def ports_of_other_devices_are_closed():
    machine_probe('other', '[init] m faulted')


def ports_are_closed_after_the_session():
    machine_probe('late', '[init] m faulted')


def a_card_has_its_ports_and_no_others():
    card = ('-device', 'ne2k_pci,romfile=')
    machine_probe('nic', '[m] nic: ok', card)
    machine_probe('behind', '[init] m faulted', card)
    machine_probe('no-nic', '[m] no-nic: ok')


TESTS = [paint_looks_as_on_linux, mouse_and_keyboard_draw_as_on_linux, driver_and_gui_can_be_replaced,
         modes_that_cannot_be_are_said, devices_are_for_one_driver_at_a_time, devices_have_what_they_have,
         device_memory_is_a_dataspace, ports_are_closed_before_the_session, ports_of_other_devices_are_closed,
         ports_are_closed_after_the_session, a_card_has_its_ports_and_no_others]

if __name__ == '__main__':
    tap.run_tests([test for test in TESTS if not sys.argv[2:] or test.__name__ in sys.argv[2:]])
