#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks a model with spin, and that it can fail; writes TAP.

    check.py CC MODEL.pml CASE...

CC compiles the search of each case, without optimisation: with it, compiling takes longer than the search. As many
cases run at a time as there are processors, four at most; what is written is in the order of the cases.

A CASE is what is expected, a colon and macros for the model: `holds:-DSLOTS=1`.

    holds    no assertion fails, and there is no state that nobody leaves
    fails    the contrary, in a model that is broken on purpose
    lives    the model's formula is true of every endless run in which nobody who can go on is left out for good
    starves  the contrary
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

RESULT = re.compile(r'errors: (\d+)')
ERROR = re.compile(r'^pan:\d+: (.*)$', re.MULTILINE)


def search(compiler, model, endless, macros, folder):
    """What spin has found: the text of an error, or nothing; and a second text if the search was not complete."""
    kind, flags = (['-DNFAIR=3'], ['-a', '-f']) if endless else (['-DSAFETY'], [])
    subprocess.run(['spin', *macros, '-a', model], cwd=folder, check=True, stdout=subprocess.PIPE,
                   stderr=subprocess.STDOUT)
    subprocess.run([*compiler, '-O0', '-w', *kind, '-DMEMLIM=1024', '-o', 'pan', 'pan.c'],
                   cwd=folder, check=True)
    text = subprocess.run(['./pan', '-m100000', *flags], cwd=folder, check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    result = RESULT.search(text)
    error = ERROR.search(text)
    incomplete = '' if result and 'max search depth too small' not in text and 'out of memory' not in text else text
    if not incomplete and bool(int(result[1])) != bool(error):
        incomplete = text
    return error[1] if error else '', incomplete


def judge(wanted, error, incomplete):
    """What is wrong with the case, or nothing."""
    if incomplete:
        return f'the search was not complete:\n{incomplete}'
    if wanted in ('holds', 'lives'):
        return error
    return '' if error else 'no error was found in a model that is broken on purpose'


def check(compiler, model, case):
    """What is wrong with a case, or nothing."""
    wanted, _, macros = case.partition(':')
    with tempfile.TemporaryDirectory() as folder:
        return judge(wanted, *search(compiler, model, wanted in ('lives', 'starves'), macros.split(), folder))


def main():
    compiler, model, cases = sys.argv[1].split(), str(pathlib.Path(sys.argv[2]).resolve()), sys.argv[3:]
    if not shutil.which('spin'):
        print('1..0 # SKIP spin is not installed')
        return
    print(f'1..{len(cases)}')
    # each search is a process of its own; a thread does nothing but wait for one
    with concurrent.futures.ThreadPoolExecutor(min(4, len(os.sched_getaffinity(0)))) as pool:
        problems = pool.map(lambda case: check(compiler, model, case), cases)
        for number, (case, problem) in enumerate(zip(cases, problems), 1):
            print(f'{"not ok" if problem else "ok"} {number} - {case.replace(":", " ", 1)}'.rstrip(), flush=True)
            for line in problem.splitlines():
                print(f'# {line}')


main()
