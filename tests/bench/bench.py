# SPDX-License-Identifier: BSD-2-Clause
"""Runs benchmarks and prints each figure beside its raw baseline, measured alternately in the same run.

    bench.py BUILD [NAME ...] [--quick] [--json [FILE]] [--plot FILE.svg] [--placement P] [--list]
"""

import os
import pathlib
import signal
import sys
import time

import figures
import plot
import sides
from benchmarks import ALL, BENCHMARKS, Effort, run

USAGE = """\
Usage: ./seedbed bench [NAME ...] [OPTION ...]

Measures, and prints each figure beside its raw baseline: both run in the same minute, in slices that
alternate. Without NAME all benchmarks run.

  --list          what there is
  --quick         fewer and shorter rounds
  --rounds N      that many rounds
  --placement P   one-core: everything on one CPU; two-core: who asks on one, all else on another;
                  unpinned: as the kernel likes. Without it: all that make sense
  --json [FILE]   the figures as a list of objects, to FILE, or instead of the table
  --plot FILE.svg in addition, time and throughput by size of message, as a picture

value and baseline are medians of the rounds; ratio is the median of the ratios of the rounds, spread
their interquartile range (without a baseline: that of the values, in parts of the median). `at most` is
what we steer by; MISSED is no failure.

  SEEDBED_BUILD=DIR ./seedbed bench rpc-8 --quick     one benchmark, with the build in DIR
"""


class Usage(Exception):
    """The arguments are wrong; says how."""


class Options:
    def __init__(self):
        self.names = []
        self.quick = self.list = self.help = False
        self.rounds = self.placement = self.json = self.plot = None


def value_of(option, inline, words):
    if inline is not None:
        return inline
    if not words or words[0].startswith('-'):
        raise Usage(f'a value is missing after {option}')
    return words.pop(0)


def check_file(name):
    """That it can be written is known before anything is measured."""
    path = pathlib.Path(name)
    if not name or path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Usage(f'cannot write to {name or "a file without a name"}')


def parse(words):
    """Options of WORDS; raises Usage. What follows --json is its FILE unless it is a benchmark or an option."""
    options = Options()
    words = list(words)
    while words:
        word = words.pop(0)
        option, equals, inline = word.partition('=')
        inline = inline if equals else None
        if not word.startswith('-'):
            options.names.append(word)
        elif option == '--json':
            is_file = inline is None and words and not words[0].startswith('-') and words[0] not in BENCHMARKS
            options.json = inline if inline is not None else words.pop(0) if is_file else '-'
            if options.json != '-':
                check_file(options.json)
        elif option == '--plot':
            options.plot = value_of(option, inline, words)
            if not options.plot.endswith('.svg'):
                raise Usage(f'a plot is an SVG file: expected a name that ends in .svg, found {options.plot}')
            check_file(options.plot)
        elif option == '--placement':
            options.placement = value_of(option, inline, words)
            if options.placement not in ALL:
                raise Usage(f'no placement is called {options.placement}; the placements are: {", ".join(ALL)}')
        elif option == '--rounds':
            text = value_of(option, inline, words)
            if not text.isdecimal() or not 1 <= int(text) <= 1000:
                raise Usage(f'expected a number of rounds from 1 to 1000, found {text}')
            options.rounds = int(text)
        elif inline is None and word in ('--quick', '--list', '--help', '-h'):
            setattr(options, 'help' if word == '-h' else word[2:], True)
        else:
            raise Usage(f'unknown option {word}')
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        raise Usage(f'no benchmark is called {", ".join(unknown)}; the benchmarks are: {", ".join(BENCHMARKS)}')
    return options


def chosen(options):
    """(benchmark, name of a placement) in the order of the table; raises Usage when nothing is left."""
    names = list(dict.fromkeys(options.names)) or [name for name, benchmark in BENCHMARKS.items()
                                                   if not getattr(benchmark, 'only_named', False)]
    pairs = [(BENCHMARKS[name], where) for name in names for where in BENCHMARKS[name].where
             if options.placement in (None, where)]
    if not pairs:
        raise Usage(f'{", ".join(names)} cannot be placed {options.placement}; there is: ' +
                    ', '.join(dict.fromkeys(where for name in names for where in BENCHMARKS[name].where)))
    return pairs


def say(text):
    print(f'seedbed: {text}', file=sys.stderr, flush=True)


def others():
    """The part of all CPUs that other programs take, over a quarter of a second."""
    def look():
        with open('/proc/stat', encoding='ascii') as file:
            numbers = list(map(int, file.readline().split()[1:9]))
        return sum(numbers), numbers[3] + numbers[4]
    before, idle_before = look()
    time.sleep(0.25)
    after, idle_after = look()
    return 1 - (idle_after - idle_before) / max(1, after - before)


def warn():
    """What makes figures worse than they could be."""
    taken = others()
    if taken > 0.1:
        say(f'other programs take {taken:.0%} of the CPUs; the figures will be noisy')


def measure(build, pairs, effort, table):
    """All figures, and whether one has failed; TABLE prints them as they come."""
    places = sides.placements()
    found, failed = [], False
    if table:
        print(figures.table_head(), flush=True)
    for benchmark, where in pairs:
        try:
            for figure in run(benchmark, build, places[where], effort):
                found.append(figure)
                if table:
                    print(figures.table_row(figure), flush=True)
        except sides.Unavailable as why:
            say(f'skipped {benchmark.name}, {where}: {why}')
        except sides.Failed as why:
            say(f'{benchmark.name}, {where}: {why}')
            failed = True
    return found, failed


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    try:
        options = parse(sys.argv[2:])
        if options.help:
            print(USAGE, end='')
            return 0
        if options.list:
            for benchmark in BENCHMARKS.values():
                print(f'{benchmark.name:18} {benchmark.what} ({", ".join(benchmark.where)})')
            return 0
        pairs = chosen(options)
    except Usage as problem:
        say(f'{problem} (./seedbed bench --help tells more)')
        return 2
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    effort = Effort(options.quick, options.rounds)
    warn()
    found, failed = measure(build, pairs, effort, options.json != '-')
    if options.json:
        text = figures.to_json(found)
        if options.json == '-':
            sys.stdout.write(text)
        else:
            pathlib.Path(options.json).write_text(text, encoding='utf-8')
    if options.plot:
        places = {name: place for name, place in sides.placements().items() if options.placement in (None, name)}
        try:
            picture = plot.draw(build, places, effort, lambda what: say(f'measuring for the plot: {what}'))
        except (sides.Failed, sides.Unavailable) as why:
            say(f'no plot: {why}')
            return 1
        if picture:
            pathlib.Path(options.plot).write_text(picture, encoding='utf-8')
        else:
            say(f'no plot: it shows {" and ".join(plot.PLACES)}')
    return 1 if failed else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say('interrupted')
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
