# SPDX-License-Identifier: BSD-2-Clause
"""Runs test suites through `meson test` and counts what really happened.

    run.py BUILD [--list] [--setup NAME] [SUITE | TEST ...]

Every test of a TAP program counts, not the program. Ends with one line `N passed, N failed, N skipped`; exit status 1
if anything failed, 2 if there is no such suite.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import tap

SUITE_ORDER = ['style', 'runner', 'unit', 'compile-fail', 'sandbox', 'system', 'kit', 'headless', 'screen', 'hostile',
               'model', 'bench-smoke', 'toolchain']
OWNED = ('seedbed-test-', 'seedbed-ci-')  # folders of guards and of .ci/run, which may run at the same time
OUTPUT_LINES = 120  # of a failed test program that are shown


class Test:
    """One test program, as Meson knows it."""

    def __init__(self, intro):
        self.name = intro['name']
        # "project:suite"; a test is run with the first suite that it names
        suites = [suite.split(':', 1)[-1] for suite in intro['suite']]
        self.suite = suites[0] if suites and suites[0] else 'other'
        self.tap = intro['protocol'] == 'tap'
        self.limit = intro['timeout']


def introspect(build):
    with open(build / 'meson-info' / 'intro-tests.json', encoding='utf-8') as file:
        return [Test(intro) for intro in json.load(file)]


def by_suite(tests):
    suites = {}
    for test in tests:
        suites.setdefault(test.suite, []).append(test)
    known = {name: place for place, name in enumerate(SUITE_ORDER)}
    return {name: suites[name] for name in sorted(suites, key=lambda name: (known.get(name, len(known)), name))}


def last_line(*texts):
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ''


def judge(test, result):
    """What the line RESULT of Meson's log says about TEST."""
    stdout = result.get('stdout') or ''
    stderr = result.get('stderr') or ''
    verdict = result['result']
    guard = re.findall(r'^guard: .*$', stderr, re.MULTILINE)
    report = tap.parse(test.name, stdout) if test.tap else tap.Report()

    if verdict == 'TIMEOUT':
        report.failures.append(f'{test.name}: did not end within its time limit of {test.limit} s')
    elif guard:
        report.failures += [f'{test.name}: {line[len("guard: "):]}' for line in guard]
    elif test.tap:
        if report.incomplete:
            report.failures.append(f'{report.incomplete}; status {result.get("returncode")}')
        elif result.get('returncode') and not report.failures:
            report.failures.append(f'{test.name}: ended with status {result["returncode"]}')
    elif verdict == 'SKIP':
        tap.skip(report, test.name, last_line(stderr, stdout))
    elif verdict in ('OK', 'EXPECTEDFAIL'):
        report.passed += 1
    else:
        report.failures.append(f'{test.name}: {verdict.lower()}, status {result.get("returncode")}')
    return report


def show_output(test, result):
    """The output of a failed test program, less the tests in it that were fine."""
    lines = [line for line in (result.get('stdout') or '').splitlines() if not (test.tap and line.startswith('ok '))]
    lines += (result.get('stderr') or '').splitlines()
    if len(lines) > OUTPUT_LINES:
        print(f'    ... ({len(lines) - OUTPUT_LINES} lines before)')
    for line in lines[-OUTPUT_LINES:]:
        print(f'    {line}')


class Interrupted(Exception):
    pass


def run_suite(build, suite, tests, setup):
    """Runs TESTS of SUITE; returns the report and prints what failed."""
    logbase = f'runner-{os.getpid()}-{suite}'
    logs = build / 'meson-logs'
    command = ['meson', 'test', '-C', str(build), '--no-rebuild', '--logbase', logbase]
    command += ['--setup', setup] if setup else []
    command += ['--suite', suite] if suite != 'other' else []
    command += [test.name for test in tests]
    meson = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, errors='replace')
    try:
        output, _ = meson.communicate()
    except KeyboardInterrupt:
        # Meson has got the same signal; it ends its tests
        meson.communicate()
        raise Interrupted from None

    # with a setup its name is part of the log's
    found = sorted(logs.glob(f'{logbase}*.json'))
    results = {}
    for path in found:
        for line in path.read_text(encoding='utf-8', errors='replace').splitlines():
            result = json.loads(line)
            results[result['name'].rsplit(' / ', 1)[-1]] = result
    for path in logs.glob(f'{logbase}*'):
        path.unlink()

    report = tap.Report()
    for test in tests:
        result = results.get(test.name)
        if result is None:
            report.failures.append(f'{test.name}: was not run by meson test')
            continue
        one = judge(test, result)
        report.add(one)
        if one.failures:
            print(f'  FAILED {suite} / {test.name}')
            for failure in one.failures:
                print(f'    {failure}')
            print('    output:')
            show_output(test, result)
    if not results:
        print(output)
    return report


def look_around(build):
    """What is there that tests could leave behind outside of their own folders."""
    found = set()
    for place in (pathlib.Path('/tmp'), pathlib.Path('/dev/shm')):
        try:
            found |= {str(path) for path in place.iterdir()
                      if path.name.startswith('seedbed') and not path.name.startswith(OWNED)}
        except OSError:
            pass
    # Meson and Ninja keep books while tests run; all else is written by builds only
    for folder, folders, files in os.walk(build):
        folders[:] = [name for name in folders if name not in ('meson-logs', 'meson-private', 'meson-info')]
        found |= {os.path.join(folder, name) for name in files if not name.startswith('.ninja')}
    return found


def leftovers(build, before):
    """A report with a failure for each thing that is there now, was not BEFORE, and stays."""
    report = tap.Report()
    left = look_around(build) - before
    # what is on its way out
    end = time.monotonic() + 2
    while left and time.monotonic() < end:
        time.sleep(0.1)
        left &= look_around(build)
    report.failures += [f'the tests have left behind {path}' for path in sorted(left)]
    if not report.failures:
        report.passed += 1
    for failure in report.failures:
        print(f'  FAILED {failure}')
    return report


def select(suites, wanted):
    """The suites, or parts of them, that the names WANTED stand for; exits when one stands for nothing."""
    if not wanted:
        return suites
    chosen = {}
    unknown = [name for name in wanted
               if name not in suites and not any(name == test.name for tests in suites.values() for test in tests)]
    if unknown:
        print(f'seedbed: no suite or test is called {", ".join(unknown)}; the suites are: {", ".join(suites)}',
              file=sys.stderr)
        sys.exit(2)
    for suite, tests in suites.items():
        part = [test for test in tests if suite in wanted or test.name in wanted]
        if part:
            chosen[suite] = part
    return chosen


def main():
    parser = argparse.ArgumentParser(prog='seedbed test', description='Runs test suites; without names all of them.')
    parser.add_argument('build', type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument('--list', action='store_true', help='name the suites and their tests')
    parser.add_argument('--setup', help='a test setup of Meson: plain, valgrind')
    parser.add_argument('names', nargs='*', metavar='SUITE', help='a suite, or a single test')
    options = parser.parse_intermixed_args()

    suites = by_suite(introspect(options.build))
    if options.list:
        for suite, tests in suites.items():
            print(f'{suite}: {" ".join(test.name for test in tests)}')
        return 0

    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    sys.stdout.reconfigure(line_buffering=True, errors='replace')
    chosen = select(suites, options.names)
    before = look_around(options.build)
    total = tap.Report()
    try:
        for suite, tests in chosen.items():
            start = time.monotonic()
            report = run_suite(options.build, suite, tests, options.setup)
            total.add(report)
            print(f'{suite:14} {report.line()}  ({time.monotonic() - start:.1f} s)')
            for name, why in report.skips:
                print(f'  skipped {name}: {why}')
        total.add(leftovers(options.build, before))
    except Interrupted:
        print('interrupted', file=sys.stderr)
        print(total.line())
        return 130

    if total.failures:
        print('failed:')
        for failure in total.failures:
            print(f'  {failure}')
    print(total.line())
    return 1 if total.failures else 0


if __name__ == '__main__':
    sys.exit(main())
