#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compiles the cases of cases.txt with a compiler and checks that each is refused with the words it names; TAP."""

import os
import re
import shlex
import subprocess
import sys
import tempfile


def parse(path):
    """Cases as dictionaries: name, kind (pass, fail, run), words, options, source and line of the source."""
    cases, case = [], None
    with open(path) as file:
        for number, line in enumerate(file, 1):
            if line.startswith('== '):
                case = {'name': line[3:].strip(), 'kind': None, 'words': [], 'options': ['-O0', '-O2'],
                        'source': '', 'line': 0}
                cases.append(case)
            elif case is None or case['source']:
                if case:
                    case['source'] += line
            elif line.startswith('opt:'):
                case['options'] = shlex.split(line[4:])
            elif line.strip() == 'pass':
                case['kind'] = 'pass'
            elif match := re.match(r'(fail|run):(.*)', line):
                case['kind'], case['words'] = match[1], shlex.split(match[2])
            elif line.strip():
                case['source'], case['line'] = line, number
    return cases


def compile_case(compiler, root, misuse_errors, case, option, folder):
    """Return code and messages of the compiler, or of the program for a case that runs."""
    here = os.path.dirname(os.path.abspath(__file__))
    source = os.path.join(folder, 'case.c')
    with open(source, 'w') as file:
        # with its path, so that compilers show the line, as they do to whoever made the mistake
        file.write(f'#include "calc.h"\n#line {case["line"]} "{here}/cases.txt"\n{case["source"]}')
    flags = ['-std=gnu17', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Wno-unused-parameter', *misuse_errors, option,
             '-I', os.path.join(root, 'os/include'), '-I', here]
    if case['kind'] == 'pass':
        flags.append('-Werror')
    if 'clang' not in compiler[0]:
        flags.append('-ftrack-macro-expansion=0')
    program = os.path.join(folder, 'case')
    if case['kind'] == 'run':
        # what the program needs of the library is in one file; it never gets as far as the platform
        flags += [os.path.join(root, 'os/lib/rpc.c'), '-I', os.path.join(root, 'os'), '-o', program,
                  '-Wl,--unresolved-symbols=ignore-all', '-no-pie', '-fno-pie']
    else:
        flags += ['-c', '-o', os.path.join(folder, 'case.o')]
    # the messages are compared with English ones
    done = subprocess.run(compiler + flags + [source], capture_output=True, text=True, env=dict(os.environ, LC_ALL='C'))
    if case['kind'] == 'run' and done.returncode == 0:
        done = subprocess.run([program], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def judge(case, code, messages):
    """What is wrong, or None."""
    if case['kind'] == 'pass':
        return None if code == 0 else 'it does not compile'
    if code == 0:
        return 'it was not refused'
    # macro expansion may print types with other spaces
    plain = re.sub(r'\s+', '', messages)
    missing = [word for word in case['words'] if re.sub(r'\s+', '', word) not in plain]
    return f'the message lacks {missing}' if missing else None


def main():
    root, misuse_errors, compiler = sys.argv[1], sys.argv[2].split(), sys.argv[3:]
    cases = parse(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'cases.txt'))
    runs = [(case, option) for case in cases for option in case['options']]
    print(f'1..{len(runs)}')
    with tempfile.TemporaryDirectory() as folder:
        for number, (case, option) in enumerate(runs, 1):
            code, messages = compile_case(compiler, root, misuse_errors, case, option, folder)
            wrong = judge(case, code, messages)
            print(f'{"not ok" if wrong else "ok"} {number} - {case["name"]} {option}', flush=True)
            if wrong:
                print('\n'.join('# ' + line for line in [wrong, *messages.splitlines()]))


main()
