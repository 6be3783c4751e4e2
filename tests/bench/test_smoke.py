# SPDX-License-Identifier: BSD-2-Clause
"""Every benchmark completes and yields a figure that can be one; what it is, is no test.

    test_smoke.py BUILD GROUP     writes TAP
"""

import json
import math
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'runner'))
import tap  # pylint: disable=wrong-import-position,import-error
from benchmarks import BENCHMARKS, RAW
from sides import first_argument, processes_below

BUILD = sys.argv[1]
FIELDS = ['name', 'placement', 'value', 'unit', 'baseline', 'baseline_value', 'ratio', 'spread']
CAN_BE_ZERO = {'idle', 'soak', 'soak-nic'}
LONG = [name for name, benchmark in BENCHMARKS.items() if getattr(benchmark, 'only_named', False)]

# test programs, which run at the same time
GROUPS = {
    'calls': ['rpc-8', 'rpc-1k', 'rpc-cap-in', 'rpc-cap-out', 'rpc-deadline', 'session', 'rpc-8-busy',
              'rpc-8-busy-spin'],
    'transfers': ['signal', 'signal-roundtrip', 'stream-4k', 'stream-64k', 'stream-4k-depth1', 'plot'],
    'network': ['nic-1500', 'nic-1500-switch', 'nic-1500-router', 'tcp', 'tcp-10', 'tcp-100', 'tcp-500', 'tcp-time',
                'tcp-host-up', 'tcp-host-down', 'http-1', 'http-10', 'http-100'],
    'nests': ['start-300', 'nested-1', 'nested-5'],
    'systems': ['component', 'start-100', 'fault', 'clients-1', 'clients-100', 'clients-1000', 'pss-component',
                'fds-component', 'pss-system', 'idle', 'soak', 'soak-nic', 'check-300', 'config-change'],
    'raw': [*RAW, 'command'],
}
assert sorted(name for names in GROUPS.values() for name in names) == sorted(
    {*BENCHMARKS, 'plot', 'command'} - {*LONG})


def bench(*words):
    """Output, errors and status of the tool."""
    done = subprocess.run([sys.executable, '-B', HERE / 'bench.py', BUILD, *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    sys.stderr.write(done.stderr)
    return done.stdout, done.stderr, done.returncode


def check(figure):
    assert list(figure) == FIELDS, f'the fields are {list(figure)}'
    numbers = ['value', 'spread'] + ['baseline_value', 'ratio'] * (figure['baseline'] is not None)
    for field in numbers:
        value = figure[field]
        assert isinstance(value, (int, float)) and math.isfinite(value), f'{field} is {value!r}'
        least = 0 if field == 'spread' or figure['name'] in CAN_BE_ZERO else sys.float_info.min
        assert value >= least, f'{field} is {value!r}'
    for field in ('name', 'placement', 'unit'):
        assert isinstance(figure[field], str) and figure[field], f'{field} is {figure[field]!r}'
    if figure['baseline'] is None:
        assert figure['baseline_value'] is None and figure['ratio'] is None


def test_of(name, where, found, errors):
    """The test that benchmark NAME has yielded one figure at WHERE."""
    def test():
        figures = [figure for figure in found if (figure['name'], figure['placement']) == (name, where)]
        skipped = re.search(rf'skipped {re.escape(name)}, {where}: (.*)', errors)
        if skipped and not figures:
            raise tap.Skip(skipped[1])
        problem = re.search(rf'^seedbed: {re.escape(name)}, {where}: .*(\n    .*)*', errors, re.MULTILINE)
        assert len(figures) == 1, problem[0] if problem else f'{len(figures)} figures'
        check(figures[0])
    test.__name__ = f'{name}, {where}'
    return test


def figure_tests(names):
    output, errors, status = bench(*names, '--quick', '--rounds', '2', '--json')

    def json_is_valid_and_the_status_0():
        assert isinstance(json.loads(output), list)
        assert status == 0, f'status {status}'

    try:
        found = json.loads(output)
    except ValueError:
        found = []
    return [json_is_valid_and_the_status_0] + [test_of(name, where, found, errors)
                                               for name in names for where in BENCHMARKS[name].where]


def a_plot_is_a_picture():
    from xml.dom import minidom
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'plot.svg'
        output, errors, status = bench('null', '--quick', '--rounds', '1', '--plot', path)
        assert status == 0 and 'null' in output, errors
        document = minidom.parse(str(path))
    assert document.documentElement.tagName == 'svg'
    assert len(document.getElementsByTagName('circle')) > 20


def unknown_names_are_refused():
    output, errors, status = bench('rpc-8', 'nonesuch')
    assert status == 2 and not output, (status, output)
    for name in ('nonesuch', *BENCHMARKS):
        assert name in errors, f'{name} is not named: {errors}'


def what_there_is_can_be_listed():
    output, _, status = bench('--list')
    assert status == 0
    assert [line.split()[0] for line in output.splitlines()] == list(BENCHMARKS)


def an_interrupt_ends_everything():
    with subprocess.Popen([sys.executable, '-B', HERE / 'bench.py', BUILD, 'rpc-8', '--rounds', '1000'],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tool:
        while not any(first_argument(pid) == 'client' for pid in processes_below(tool.pid)):
            assert tool.poll() is None, tool.stderr.read()
        held = [os.pidfd_open(pid) for pid in processes_below(tool.pid)]
        tool.send_signal(signal.SIGINT)
        tool.communicate()
        assert tool.returncode == 130, tool.returncode
    # the kernel takes its time with a whole namespace; what does not end at all is found by the time limit
    for descriptor in held:
        select.select([descriptor], [], [])
        os.close(descriptor)


SPECIAL = {'plot': [a_plot_is_a_picture],
           'command': [unknown_names_are_refused, what_there_is_can_be_listed, an_interrupt_ends_everything]}


def main():
    names = GROUPS[sys.argv[2]]
    tests = [test for name in names for test in SPECIAL.get(name, [])]
    tap.run_tests(figure_tests([name for name in names if name not in SPECIAL]) + tests)


if __name__ == '__main__':
    main()
