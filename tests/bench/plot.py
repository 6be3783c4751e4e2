# SPDX-License-Identifier: BSD-2-Clause
"""A picture: what a message takes by its size, and how much goes through, beside the raw mechanisms."""

import contextlib
import math
import platform
from html import escape

from benchmarks import alternate, client
from figures import median, quantile
from sides import Program, System

RPC_SIZES = (0, 8, 32, 128, 512, 1024)
STREAM_SIZES = (64, 256, 1024, 4096, 16384, 65536)
PLACES = ('one-core', 'two-core')
RAW_CALL = {'one-core': 'futex', 'two-core': 'spin'}
RING_BYTES = 1 << 20  # what is under way at most, and 64 packets at most


class Line:
    """One line of the picture: (bytes, values of the rounds in ns) by size."""

    def __init__(self, title, colour, raw):
        self.title = title
        self.colour = colour
        self.raw = raw
        self.points = []


RPC_COLOUR, STREAM_COLOUR = '#1f6feb', '#c2410c'
LINES = (('RPC', RPC_COLOUR, False), ('raw ping-pong (futex on one CPU, spinning on two)', RPC_COLOUR, True),
         ('packet stream', STREAM_COLOUR, False), ('raw ring', STREAM_COLOUR, True))
LEVELS = (1, 2, 5)


def slots_of(size):
    return min(64, RING_BYTES // size)


def rpc_sides(build, placement, effort, size):
    return [System(build, client('put', bytes=size)(effort), placement),
            Program(build, ['pingpong', f'{RAW_CALL[placement.name]}:{size}'], placement)]


def stream_sides(build, placement, effort, size):
    slots = slots_of(size)
    return [System(build, client('stream', bytes=size, slots=slots)(effort), placement),
            Program(build, ['ring', str(size), str(slots)], placement)]


def measure(build, placement, effort, told):
    """The lines of one placement; TOLD is called with each size."""
    lines = [Line(*line) for line in LINES]
    for sizes, make, pair in ((RPC_SIZES, rpc_sides, lines[:2]), (STREAM_SIZES, stream_sides, lines[2:])):
        for size in sizes:
            told(f'{pair[0].title}, {size} bytes, {placement.name}')
            with contextlib.ExitStack() as stack:
                sides = [stack.enter_context(side) for side in make(build, placement, effort, size)]
                for line, values in zip(pair, alternate(sides, effort)):
                    line.points.append((size, values))
    return lines


# ---- drawing

WIDTH, HEIGHT = 1120, 930
LEFT, TOP, GAP_X, GAP_Y = 94, 148, 96, 92
PANEL_W, PANEL_H = 448, 290
ZERO = 4  # bytes at which a size of 0 is drawn on the axis of powers of two
X_FROM, X_TO = 3, 65536 * 1.35
INK, SOFT, GRID = '#1f2328', '#656d76', '#e4e7eb'


class Panel:
    """Axes with two logarithmic scales, and lines in them."""

    def __init__(self, left, top, low, high):
        self.left, self.top = left, top
        self.low, self.high = low, high
        self.parts = []

    def x(self, size):
        part = math.log(max(size, ZERO) / X_FROM) / math.log(X_TO / X_FROM)
        return self.left + part * PANEL_W

    def y(self, value):
        part = math.log(value / self.low) / math.log(self.high / self.low)
        return self.top + PANEL_H * (1 - min(max(part, 0), 1))

    def add(self, text):
        self.parts.append(text)

    def text(self, x, y, text, anchor='middle', colour=SOFT, size=13, weight='normal'):
        self.add(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}" '
                 f'font-weight="{weight}">{escape(text)}</text>')

    def axes(self, title, show_value):
        self.text(self.left, self.top - 16, title, 'start', INK, 15, '600')
        decade = 10 ** math.floor(math.log10(self.low))
        while decade <= self.high:
            for level in LEVELS:
                value = decade * level
                if self.low * 0.999 <= value <= self.high * 1.001:
                    y = self.y(value)
                    strong = level == 1
                    self.add(f'<line x1="{self.left}" x2="{self.left + PANEL_W}" y1="{y:.1f}" y2="{y:.1f}" '
                             f'stroke="{GRID}" stroke-width="{1.4 if strong else 0.7}"/>')
                    if strong or self.high / self.low < 100:
                        self.text(self.left - 10, y + 4.5, show_value(value), 'end')
            decade *= 10
        for size, name in ((0, '0'), (8, '8'), (64, '64'), (512, '512'), (4096, '4 Ki'), (65536, '64 Ki')):
            x, foot = self.x(size), self.top + PANEL_H
            self.add(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{foot}" y2="{foot + 5}" stroke="{SOFT}"/>')
            self.text(x, foot + 21, name)
        self.add(f'<line x1="{self.left}" x2="{self.left + PANEL_W}" y1="{self.top + PANEL_H}" '
                 f'y2="{self.top + PANEL_H}" stroke="{SOFT}" stroke-width="1.2"/>')
        # the axis is broken between 0 and the powers of two
        gap, foot = (self.x(0) + self.x(8)) / 2, self.top + PANEL_H
        self.add(f'<line x1="{gap - 4:.1f}" x2="{gap + 4:.1f}" y1="{foot}" y2="{foot}" stroke="white" '
                 'stroke-width="3"/>')
        for x in (gap - 4, gap + 4):
            self.add(f'<line x1="{x - 2:.1f}" x2="{x + 2:.1f}" y1="{foot + 5}" y2="{foot - 5}" stroke="{SOFT}"/>')
        self.text(self.left + PANEL_W, self.top + PANEL_H + 40, 'bytes in a message', 'end')

    def line(self, line, convert):
        """Median as a line with dots, quartiles as a band."""
        points = []
        for size, values in line.points:
            found = [convert(size, value) for value in values]
            if median(found) > 0:
                points.append((self.x(size), self.y(median(found)), self.y(quantile(found, 0.25)),
                               self.y(quantile(found, 0.75))))
        band = [f'{x:.1f},{low:.1f}' for x, _, low, _ in points]
        band += [f'{x:.1f},{high:.1f}' for x, _, _, high in reversed(points)]
        self.add(f'<polygon points="{" ".join(band)}" fill="{line.colour}" opacity="{0.08 if line.raw else 0.16}"/>')
        path = ' '.join(f'{x:.1f},{y:.1f}' for x, y, _, _ in points)
        self.stroke(line, path)
        for x, y, _, _ in points:
            self.dot(line, x, y)

    def stroke(self, line, path):
        dash = ' stroke-dasharray="5 4"' if line.raw else ''
        self.add(f'<polyline points="{path}" fill="none" stroke="{line.colour}" '
                 f'stroke-width="{1.6 if line.raw else 2.6}" stroke-linejoin="round"{dash}/>')

    def dot(self, line, x, y):
        self.add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2.8 if line.raw else 3.6}" '
                 f'fill="{"white" if line.raw else line.colour}" stroke="{line.colour}" stroke-width="1.4"/>')


def legend(panel, left, y):
    """What the lines are, in one row."""
    for title, colour, raw in LINES:
        sample = Line(title, colour, raw)
        panel.stroke(sample, f'{left},{y} {left + 38},{y}')
        panel.dot(sample, left + 19, y)
        panel.text(left + 47, y + 4.5, title, 'start', INK)
        left += 47 + 6.6 * len(title) + 30


def time_of(_, ns):
    return ns


def rate_of(size, ns):
    return size / ns # GB/s


def show_time(ns):
    return f'{ns / 1000:g} µs' if ns >= 1000 else f'{ns:g} ns'


def show_rate(rate):
    return f'{rate:g} GB/s' if rate >= 1 else f'{rate * 1000:g} MB/s'


def bounds(all_lines, convert):
    """Round bounds around the medians of all panels of a row, so that they have the same scale."""
    values = [median([convert(size, value) for value in values])
              for lines in all_lines for line in lines for size, values in line.points]
    values = [value for value in values if value > 0]

    def down(value):
        decade = 10 ** math.floor(math.log10(value))
        return max(level for level in LEVELS if level * decade <= value) * decade
    low, high = down(min(values) * 0.8), down(max(values) * 1.25)
    mantissa = round(high / 10 ** math.floor(math.log10(high)))
    return low, high * {1: 2, 2: 2.5, 5: 2}[mantissa]


def svg(found, machine):
    """The picture of FOUND, lines by placement; MACHINE is a line beneath the title."""
    titles = {'one-core': 'both sides on one CPU', 'two-core': 'each side on a CPU of its own'}
    rows = [(time_of, 'Time per message', show_time), (rate_of, 'Throughput', show_rate)]
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" '
             f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
             'font-family="Inter, \'Helvetica Neue\', Helvetica, Arial, sans-serif">',
             '<!-- SPDX-License-Identifier: BSD-2-Clause -->',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    head = Panel(0, 0, 1, 10)
    head.text(30, 40, 'Seedbed beside what the machine can do', 'start', INK, 22, '600')
    head.text(WIDTH - 30, 40, machine, 'end')
    legend(head, 30, 74)
    head.text(30, HEIGHT - 36, 'A message is a call and its answer, one after the other, or a packet, with many under '
              'way. Less time and more throughput are better.', 'start')
    head.text(30, HEIGHT - 16, 'Lines are medians of the rounds, bands their quartiles. The raw mechanisms write '
              'and read as many bytes, and were measured alternately with Seedbed.', 'start')
    parts += head.parts
    for row, (convert, title, show_value) in enumerate(rows):
        low, high = bounds(found.values(), convert)
        for column, (place, lines) in enumerate(found.items()):
            panel = Panel(LEFT + column * (PANEL_W + GAP_X), TOP + row * (PANEL_H + GAP_Y), low, high)
            panel.axes(f'{title}, {titles[place]}', show_value)
            for line in sorted(lines, key=lambda line: not line.raw):
                panel.line(line, convert)
            parts += panel.parts
    return '\n'.join([*parts, '</svg>']) + '\n'


def machine_text():
    """What it was measured on."""
    name = platform.machine()
    try:
        with open('/proc/cpuinfo', encoding='utf-8') as file:
            for line in file:
                if line.startswith('model name'):
                    name = line.split(':', 1)[1].replace('(R)', '').replace('(TM)', '').strip()
                    break
    except OSError:
        pass
    return f'{name}, Linux {platform.release().split("-")[0]}'


def draw(build, places, effort, told):
    """Measures at those of PLACES that there are, and returns the picture, or nothing if there is none of them."""
    found = {place: measure(build, places[place], effort, told) for place in PLACES
             if not isinstance(places.get(place, ''), str)}
    return svg(found, machine_text()) if found else ''
