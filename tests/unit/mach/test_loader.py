# SPDX-License-Identifier: BSD-2-Clause
"""The loader of unit tests on Mach finds what fails, says how, and goes on with the next.

    test_loader.py UNIT.PY KERNEL LOADER BAD
"""

import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'runner'))

import tap  # pylint: disable=wrong-import-position

# of each test in the order of bad.c: whether it passes, and what is said
EXPECTED = [
    (True, 'passes: Passed'),
    (False, "asserts: bad.c:20: Assertion 'zero == 1' failed: zero == 0, 1 == 1"),
    (False, 'asserts_on_a_thread: bad.c:26: seen from another thread'),
    (False, r'accesses_nothing: received signal 11 at accesses_nothing_fn at tests/unit/mach/bad.c:39 accessing 0x10'),
    (True, 'accesses_nothing: Passed'),
    (False, r'accesses_nothing: received signal 11 at .* accessing 0x10'),
    (False, r'aborts: received signal 6 at abort at base-mach/libc/abort.c:\d+'),
    (True, 'aborts: Passed'),
    (False, 'passes: ended with status 0, not by signal 6'),
    (False, r'divides: received signal 8 at divides_fn at tests/unit/mach/bad.c:51'),
    (False, 'exits: ended early with exit value 0'),
    (True, 'exits_with_another_status: Passed'),
    (False, 'exits_with_another_status: ended early with exit value 2'),
    (False, 'passes: ended early with exit value 0'),
    (False, 'never_ends: did not end within its time limit of 3 s'),
    (False, 'prints_without_end: prints without end'),
    (False, r'needs_too_much_stack: received signal 11 at descend at .* accessing 0xbe[0-9a-f]{6}'),
    (False, 'passes: bad.c:.*: seen by the fixture'),
]


def run(*words):
    return subprocess.run([sys.executable, '-B', *sys.argv[1:4], *words], capture_output=True, text=True, check=False)


def what_fails_is_found():
    result = run('limit', '3', 'run', sys.argv[4], 'skip', 'other because of this')
    lines = [line for line in result.stdout.splitlines() if re.match('(not )?ok ', line)]
    for number, ((passes, text), line) in enumerate(zip(EXPECTED, lines), 1):
        pattern = rf'{"" if passes else "not "}ok {number} - bad:bad.c:(bad|fixture):{text}'
        assert re.match(pattern, line), f'expected {pattern}\nfound    {line}'
    assert len(lines) == len(EXPECTED) + 1, result.stdout + result.stderr
    assert lines[-1] == f'ok {len(lines)} - other # SKIP because of this', lines[-1]
    assert f'1..{len(lines)}' in result.stdout, result.stdout
    assert result.returncode == 1, f'status {result.returncode}'


def program_that_is_none_is_told():
    program = shutil.which('true')  # of this machine
    result = run('run', program)
    assert 'not ok 1 - true: ' in result.stdout, result.stdout + result.stderr
    assert result.returncode == 1, f'status {result.returncode}'


if __name__ == '__main__':
    tap.run_tests([what_fails_is_found, program_that_is_none_is_told])
