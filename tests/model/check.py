#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks a model with spin, and that it can fail; writes TAP.

    check.py CC MODEL.pml CASE...

A CASE is what is expected, a colon and macros for the model: `holds:-DSLOTS=1`.

    holds    no assertion fails, and there is no state that nobody leaves
    fails    the contrary, in a model that is broken on purpose
    lives    the model's formula is true of every endless run in which nobody who can go on is left out for good
    starves  the contrary
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

RESULT = re.compile(r'errors: (\d+)')
ERROR = re.compile(r'^pan:\d+: (.*)$', re.MULTILINE)


def search(compiler, model, endless, thorough, macros, folder):
    """What spin has found: the text of an error, or nothing; and a second text if the search was not complete."""
    kind, flags = (['-DNFAIR=3'], ['-a', '-f']) if endless else (['-DSAFETY'], [])
    subprocess.run(['spin', *macros, '-a', model], cwd=folder, check=True, stdout=subprocess.PIPE,
                   stderr=subprocess.STDOUT)
    # compiling takes longer than most searches
    subprocess.run([*compiler, '-O1' if thorough else '-O0', '-w', *kind, '-DMEMLIM=1024', '-o', 'pan', 'pan.c'],
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


def main():
    compiler, model, cases = sys.argv[1].split(), str(pathlib.Path(sys.argv[2]).resolve()), sys.argv[3:]
    if not shutil.which('spin'):
        print('1..0 # SKIP spin is not installed')
        return
    print(f'1..{len(cases)}')
    for number, case in enumerate(cases, 1):
        wanted, _, macros = case.partition(':')
        with tempfile.TemporaryDirectory() as folder:
            problem = judge(wanted, *search(compiler, model, wanted in ('lives', 'starves'), wanted == 'holds',
                                            macros.split(), folder))
        print(f'{"not ok" if problem else "ok"} {number} - {wanted} {macros}'.rstrip(), flush=True)
        for line in problem.splitlines():
            print(f'# {line}')


main()
