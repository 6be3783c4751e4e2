# SPDX-License-Identifier: BSD-2-Clause
"""Counts what a test program reports in the Test Anything Protocol."""

import re
import sys
import traceback

LINE = re.compile(r'^(?P<bad>not )?ok\b\s*(?P<number>\d+)?\s*(?P<text>.*)$')
DIRECTIVE = re.compile(r'#\s*(?P<what>skip|todo)\S*\s*(?P<why>.*)$', re.IGNORECASE)
PLAN = re.compile(r'^1\.\.(?P<count>\d+)\s*(?:#\s*skip\S*\s*(?P<why>.*))?$', re.IGNORECASE)


class Report:
    """What was counted: passed is a number, failures are texts, skips are (name, reason). incomplete says why there may
    be tests that have not reported, or is empty."""

    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skips = []
        self.incomplete = ''

    @property
    def ran(self):
        return self.passed + len(self.failures) + len(self.skips)

    def add(self, other):
        self.passed += other.passed
        self.failures += other.failures
        self.skips += other.skips

    def line(self):
        return f'{self.passed} passed, {len(self.failures)} failed, {len(self.skips)} skipped'


def parse(name, text):
    """The report of the test program NAME that has written TEXT."""
    report = Report()
    plan = None
    skip_all = None
    for line in text.splitlines():
        if match := PLAN.match(line):
            plan = int(match['count'])
            skip_all = match['why']
        elif line.startswith('Bail out!'):
            report.failures.append(f'{name}: {line}')
        elif match := LINE.match(line):
            what = match['text'].lstrip(' -')
            directive = DIRECTIVE.search(what)
            if directive and directive['what'].lower() == 'skip':
                skip(report, f'{name}: {what[:directive.start()].strip()}', directive['why'])
            elif match['bad'] and not directive:
                report.failures.append(f'{name}: {what}')
            else:
                report.passed += 1
    if plan == 0 and skip_all is not None:
        skip(report, name, skip_all)
    elif plan is None:
        report.incomplete = f'{name}: ended after {report.ran} tests, before it had said how many there are'
    elif plan != report.ran or plan == 0:
        report.incomplete = f'{name}: {report.ran} of {plan} tests have reported'
    return report


def skip(report, name, why):
    """A skip without a reason is a failure: nobody could tell whether it matters."""
    if why.strip():
        report.skips.append((name, why.strip()))
    else:
        report.failures.append(f'{name}: skipped without a reason')


class Skip(Exception):
    """Raised by a test that cannot run here; says why."""


def run_tests(tests):
    """Runs functions that assert, writes TAP for them, and ends the program."""
    failed = 0
    for number, test in enumerate(tests, 1):
        name = test.__name__.replace('_', ' ')
        try:
            test()
            print(f'ok {number} - {name}')
        except Skip as why:
            print(f'ok {number} - {name} # SKIP {why}')
        except AssertionError as error:
            failed += 1
            lines = str(error).splitlines() or [traceback.extract_tb(error.__traceback__)[-1].line]
            print(f'not ok {number} - {name}: {lines[0]}')
            for line in lines[1:]:
                print(f'# {line}')
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print(f'not ok {number} - {name}: {type(error).__name__}: {error}')
            traceback.print_exc()
    print(f'1..{len(tests)}')
    sys.exit(1 if failed else 0)
