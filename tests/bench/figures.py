# SPDX-License-Identifier: BSD-2-Clause
"""What a benchmark yields, its statistics, and how they are shown."""

import json
import math

# the JSON has all times in ns
TIME_UNITS = ((1e9, 's'), (1e6, 'ms'), (1e3, 'us'), (1, 'ns'))


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def quantile(values, part):
    """The value below which PART of VALUES are, between two of them if need be."""
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def interquartile(values):
    return quantile(values, 0.75) - quantile(values, 0.25)


class Target:
    """What the ratio, or the value, shall be at most. kind: 'ratio'; 'added', by which the value may be above the
    baseline; 'value'."""

    def __init__(self, kind, limit):
        self.kind = kind
        self.limit = limit

    def reached(self, figure):
        """Of the ratio as it is printed."""
        seen = {'ratio': None if figure.ratio is None else round(figure.ratio, 2), 'value': figure.value,
                'added': None if figure.baseline_value is None else figure.value - figure.baseline_value}[self.kind]
        return seen <= self.limit

    def text(self, unit):
        if self.kind == 'ratio':
            return f'{self.limit:g}x'
        if self.kind == 'added':
            return f'+{self.limit:g} {unit}'
        return show(self.limit, unit) if unit == 'ns' else f'{self.limit:g}'


class Figure:
    """One line of the table.

    VALUES and BASELINE_VALUES have an item per round, and the rounds of both alternate. The ratio is the median of the
    ratios of the rounds, the spread their interquartile range. A figure that is compared with nothing has no ratio, and
    its spread is that of its values, in parts of their median.
    """

    def __init__(self, name, placement, unit, values, baseline=None, baseline_values=None, target=None):
        self.name = name
        self.placement = placement
        self.unit = unit
        self.value = median(values)
        self.baseline = baseline
        self.target = target
        self.baseline_value = self.ratio = None
        if baseline_values is None:
            self.spread = interquartile(values) / self.value if self.value else 0.0
            return
        ratios = [value / against for value, against in zip(values, baseline_values)]
        self.baseline_value = median(baseline_values)
        self.ratio = median(ratios)
        self.spread = interquartile(ratios)

    def as_dict(self):
        return {'name': self.name, 'placement': self.placement, 'value': self.value, 'unit': self.unit,
                'baseline': self.baseline, 'baseline_value': self.baseline_value, 'ratio': self.ratio,
                'spread': self.spread}


def show(value, unit):
    """VALUE for a person: times in the unit that suits them, and about four digits."""
    if value is None:
        return '-'
    if unit == 'ns':
        for size, name in TIME_UNITS:
            if value >= size or name == 'ns':
                value, unit = value / size, name
                break
    if value == round(value) and value < 10000:
        return f'{value:g} {unit}'
    digits = max(0, 3 - math.floor(math.log10(abs(value)))) if value else 0
    return f'{value:.{min(digits, 2)}f} {unit}'


COLUMNS = (('benchmark', -16), ('where', -8), ('value', 10), ('baseline', -22), ('value', 9), ('ratio', 7),
           ('spread', 6), ('at most', 7))


def row(cells):
    texts = [f'{cell:<{-width}}' if width < 0 else f'{cell:>{width}}' for cell, (_, width) in zip(cells, COLUMNS)]
    return ' '.join(texts + list(cells[len(COLUMNS):])).rstrip()


def table_head():
    return row([title for title, _ in COLUMNS])


def table_row(figure):
    cells = [figure.name, figure.placement, show(figure.value, figure.unit), figure.baseline or '-',
             show(figure.baseline_value, figure.unit), '-' if figure.ratio is None else f'{figure.ratio:.2f}x',
             f'{figure.spread:.2f}']
    if figure.target:
        cells += [figure.target.text(figure.unit), '' if figure.target.reached(figure) else 'MISSED']
    return row(cells)


def to_json(figures):
    lines = ',\n'.join('  ' + json.dumps(figure.as_dict(), allow_nan=False) for figure in figures)
    return f'[\n{lines}\n]\n' if lines else '[]\n'
