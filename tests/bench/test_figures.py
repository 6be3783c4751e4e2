# SPDX-License-Identifier: BSD-2-Clause
"""The parts of the benchmark tool that measure nothing: statistics, arguments, the table, the picture. Writes TAP."""

import json
import pathlib
import sys
import tempfile
import xml.dom.minidom

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'runner'))
import tap  # pylint: disable=wrong-import-position,import-error
import bench
import figures
import plot
import sides
from benchmarks import BENCHMARKS, RAW
from figures import Figure, Target


def equal(found, expected):
    assert found == expected, f'{found!r} instead of {expected!r}'


def close(found, expected):
    assert abs(found - expected) < 1e-9, f'{found!r} instead of {expected!r}'


def refused(words, *texts):
    try:
        bench.chosen(bench.parse(words))
    except bench.Usage as problem:
        for text in texts:
            assert text in str(problem), f'no {text!r} in {problem}'
        return
    raise AssertionError(f'not refused: {words}')


def medians_and_quantiles():
    equal(figures.median([3]), 3)
    equal(figures.median([9, 1, 5]), 5)
    equal(figures.median([4, 1, 3, 2]), 2.5)
    equal(figures.quantile([1, 2, 3, 4, 5], 0), 1)
    equal(figures.quantile([1, 2, 3, 4, 5], 1), 5)
    equal(figures.quantile([5, 4, 3, 2, 1], 0.25), 2)
    close(figures.quantile([1, 2], 0.75), 1.75)
    equal(figures.interquartile([1, 2, 3, 4, 5]), 2)
    equal(figures.interquartile([7]), 0)


def a_ratio_is_that_of_each_round():
    # in the second round the whole machine was ten times as slow, which is no news about the ratio
    figure = Figure('x', 'one-core', 'ns', [20, 200, 22], 'raw', [10, 100, 10])
    close(figure.ratio, 2)
    equal((figure.value, figure.baseline_value), (22, 10))
    close(figure.spread, 0.1)


def a_slow_round_is_seen_in_the_spread():
    calm = Figure('x', 'one-core', 'ns', [10, 10, 10, 10], 'raw', [10] * 4)
    hit = Figure('x', 'one-core', 'ns', [10, 10, 40, 40], 'raw', [10] * 4)
    equal(calm.spread, 0)
    assert hit.spread > 1, hit.spread


def a_figure_without_baseline_has_no_ratio():
    figure = Figure('null', 'one-core', 'ns', [90, 100, 110])
    equal((figure.baseline, figure.baseline_value, figure.ratio), (None, None, None))
    close(figure.spread, 0.1)
    equal(Figure('idle', 'unpinned', 'wake-ups', [0]).spread, 0)


def targets_are_of_three_kinds():
    figure = Figure('x', 'one-core', 'ns', [1300], 'raw', [1000])
    assert Target('ratio', 1.3).reached(figure) and not Target('ratio', 1.2).reached(figure)
    assert Target('added', 300).reached(figure) and not Target('added', 299).reached(figure)
    assert Target('value', 1300).reached(figure) and not Target('value', 1299).reached(figure)
    assert Target('ratio', 1.2).reached(Figure('x', 'one-core', 'ns', [1204], 'raw', [1000]))
    assert not Target('ratio', 1.2).reached(Figure('x', 'one-core', 'ns', [1206], 'raw', [1000]))
    equal(Target('ratio', 1.3).text('ns'), '1.3x')
    equal(Target('added', 150).text('ns'), '+150 ns')
    equal(Target('value', 400).text('KiB'), '400')


def values_are_shown_for_people():
    equal(figures.show(164.23, 'ns'), '164.2 ns')
    equal(figures.show(4531.2, 'ns'), '4.53 us')
    equal(figures.show(2.5e6, 'ns'), '2.50 ms')
    equal(figures.show(0, 'wake-ups'), '0 wake-ups')
    equal(figures.show(143, 'KiB'), '143 KiB')
    equal(figures.show(None, 'ns'), '-')


def the_table_is_aligned_and_no_wider_than_100():
    rows = [figures.table_head(), figures.table_row(Figure('signal-roundtrip', 'two-core', 'ns', [999.9e6] * 2,
                                                           'ring of 64 KiB packets', [999.9e6 / 99] * 2,
                                                           Target('ratio', 1.15)))]
    assert max(map(len, rows)) <= 100, [len(row) for row in rows]
    assert max(map(len, BENCHMARKS)) <= -figures.COLUMNS[0][1]
    assert max(len(raw.title) for raw in RAW.values()) <= -figures.COLUMNS[3][1]
    equal(rows[0].index('where'), rows[1].index('two-core'))
    equal(rows[0].index('baseline'), rows[1].index('ring'))
    equal(rows[0].index('at most') + len('at most'), rows[1].index('1.15x') + len('1.15x'))
    assert rows[1].endswith('MISSED'), rows[1]


def json_is_a_list_of_objects():
    found = [Figure('a', 'one-core', 'ns', [1, 2], 'raw', [1, 1]), Figure('b', 'unpinned', 'KiB', [3])]
    read = json.loads(figures.to_json(found))
    equal([list(item) for item in read], 2 * [['name', 'placement', 'value', 'unit', 'baseline', 'baseline_value',
                                               'ratio', 'spread']])
    equal((read[0]['ratio'], read[1]['ratio']), (1.5, None))
    equal(json.loads(figures.to_json([])), [])


def arguments_are_understood():
    options = bench.parse(['rpc-8', '--quick', 'signal', '--rounds', '3', '--placement=one-core'])
    equal((options.names, options.quick, options.rounds, options.placement, options.json),
          (['rpc-8', 'signal'], True, 3, 'one-core', None))
    assert bench.parse(['--list']).list and bench.parse(['-h']).help and bench.parse(['--help']).help


def json_can_have_a_file_and_names_behind_it():
    with tempfile.TemporaryDirectory() as folder:
        equal(bench.parse(['--json']).json, '-')
        equal(bench.parse(['--json', '--quick']).json, '-')
        options = bench.parse(['--json', 'rpc-8'])
        equal((options.json, options.names), ('-', ['rpc-8']))
        options = bench.parse(['--json', f'{folder}/a.json', 'rpc-8'])
        equal((options.json, options.names), (f'{folder}/a.json', ['rpc-8']))
        equal(bench.parse([f'--json={folder}/a.json']).json, f'{folder}/a.json')
        refused(['--json', f'{folder}/none/a.json'], 'cannot write')
        refused(['--json', folder], 'cannot write')


def wrong_arguments_are_refused_with_what_there_is():
    refused(['rpc-9'], 'rpc-9', *BENCHMARKS)
    refused(['--placement', 'three-core'], 'three-core', 'one-core, two-core, unpinned')
    refused(['--placement'], 'missing')
    refused(['--rounds', '0'], '1 to 1000')
    refused(['--rounds', 'x'], '1 to 1000')
    refused(['--plot'], 'missing')
    refused(['--plot', 'picture.png'], '.svg')
    refused(['--frobnicate'], '--frobnicate')
    refused(['--quick=yes'], '--quick=yes')
    refused(['idle', '--placement', 'two-core'], 'unpinned')


def benchmarks_are_chosen_once_each():
    pairs = bench.chosen(bench.parse(['signal', 'rpc-8', 'signal', '--placement', 'one-core']))
    equal([(benchmark.name, where) for benchmark, where in pairs], [('signal', 'one-core'), ('rpc-8', 'one-core')])
    everything = bench.chosen(bench.parse([]))
    equal(list(dict.fromkeys(benchmark.name for benchmark, _ in everything)),
          [name for name in BENCHMARKS if name not in ('soak-million', 'soak-nic-100000')])


def placements_say_where_or_why_not():
    places = sides.placements()
    equal(list(places), ['one-core', 'two-core', 'unpinned'])
    one = places['one-core']
    equal(one.one, one.other)
    equal(places['unpinned'].cpus(), None)
    two = places['two-core']
    assert isinstance(two, str) or two.one != two.other


class Counted:
    """A side that notes when it was its turn."""

    def __init__(self, name, turns):
        self.name, self.turns = name, turns

    def slice(self, _):
        self.turns.append(self.name)
        return len(self.turns)


def sides_take_turns_and_change_who_begins():
    import benchmarks
    turns = []
    values = benchmarks.alternate([Counted('a', turns), Counted('b', turns)], benchmarks.Effort(rounds=3))
    equal(''.join(turns), 'abbaab')
    equal(values, [[1, 4, 5], [2, 3, 6]])


def a_picture_is_well_formed():
    def line(spec, sizes):
        made = plot.Line(*spec)
        made.points = [(size, [100 + size, 110 + size, 120 + size]) for size in sizes]
        return made
    lines = [line(spec, plot.STREAM_SIZES if index > 1 else plot.RPC_SIZES) for index, spec in enumerate(plot.LINES)]
    text = plot.svg({'one-core': lines, 'two-core': lines}, 'a machine & more')
    document = xml.dom.minidom.parseString(text)
    equal(len(document.getElementsByTagName('polygon')), 16)
    for circle in document.getElementsByTagName('circle'):
        x, y = float(circle.getAttribute('cx')), float(circle.getAttribute('cy'))
        assert 0 < x < plot.WIDTH and 0 < y < plot.HEIGHT, (x, y)


if __name__ == '__main__':
    tap.run_tests([function for name, function in list(globals().items())
                   if callable(function) and getattr(function, '__module__', '') == '__main__'
                   and name.islower() and name not in ('equal', 'close', 'refused')])
