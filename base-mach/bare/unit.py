# SPDX-License-Identifier: BSD-2-Clause
"""Runs unit tests on GNU Mach in QEMU, and prints what their loader says of them, in TAP.

    unit.py KERNEL LOADER [WHAT ARGUMENT] ...

WHAT is run, with the path of a test program; skip, with the name of a test and why it cannot run here; limit, with
the seconds that each test after this has; data, with the path of a file that tests read. With UNIT in the
environment, names of programs, only those are run.
"""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'host'))

# pylint: disable=wrong-import-position
import archive
import machine
import places


def read_plan(words, only):
    """The files of the archive that WORDS say, and the paths of the programs in it by their names."""
    plan, files, programs = '', {}, {}
    for what, argument in zip(words[::2], words[1::2]):
        path = pathlib.Path(argument)
        name = path.name.removeprefix('test-')
        if what == 'run' and (not only or name in only):
            plan += f'run {name}\n'
            files[path.name] = archive.stripped(path)
            programs[path.name] = str(path)
        elif what == 'data':
            files[path.name] = path.read_bytes()
        elif what in ('skip', 'limit') and not only:
            plan += f'{what} {argument}\n'
    return {'plan': plan.encode(), **files}, programs


def main():
    kernel, loader, words = sys.argv[1], sys.argv[2], sys.argv[3:]
    files, programs = read_plan(words, os.environ.get('UNIT', '').split())
    find = places.Places(programs.get, HERE.parents[1])
    with open(loader, 'rb') as file:
        tests = machine.Machine(kernel, file.read(), archive.archive(files))
    started = False
    try:
        for line in tests.console():
            line = line.strip('\r')
            if started:
                print(find.text(line), flush=True)
            # the last word of the kernel is the first of the loader
            started = started or line.startswith('start ')
    finally:
        tests.kill()
        status = tests.status()
    if tests.complaints:
        print(f'Bail out! {tests.complaints.decode(errors="replace").strip()}')
    elif status is None:
        print(f'Bail out! the machine has ended: {tests.hung or "nobody knows why"}')
    return 1 if status is None else status


if __name__ == '__main__':
    sys.exit(main())
