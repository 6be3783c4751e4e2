# SPDX-License-Identifier: BSD-2-Clause
"""What commands take that start no system."""

import os
import pathlib
import re
import subprocess
import tempfile
import time

import many
from figures import Figure, Target
from sides import Failed, Unavailable

COMPONENTS = 300
BEGINNING = 16 * 1024 # bytes of a program that are read for its manifest


def process_time(command):
    """Nanoseconds of processor that one run of COMMAND takes, its kernel's share included."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as process:
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f'{command[0]}: status {process.returncode}: {errors.decode(errors="replace")[:500]}')
    return (usage.ru_utime + usage.ru_stime) * 1e9


def repeat(command, ms):
    """The mean of as many runs as fit into MS milliseconds, at least one."""
    values = []
    limit = time.monotonic() + ms / 1e3
    while not values or time.monotonic() < limit:
        values.append(process_time(command))
    return sum(values) / len(values)


class Check:
    """`seedbed check` of a large scenario, beside a program that reads the same bytes of the same files."""

    name = f'check-{COMPONENTS}'
    what = f'check of a scenario of {COMPONENTS} components, processor time'
    where = ('one-core', 'unpinned')

    def run(self, build, placement, effort):
        cpus = placement.cpus()
        before = os.sched_getaffinity(0)
        with tempfile.NamedTemporaryFile('w', suffix='.yaml', encoding='ascii') as file:
            file.write(many.scenario(COMPONENTS))
            file.flush()
            folder = pathlib.Path(build, 'components')
            programs = [folder / name for name in re.findall(r'binary: ([\w-]+)', many.scenario(COMPONENTS))]
            sides = ([build / 'base-linux/command/seedbed', 'check', file.name, '--headless'],
                     ['head', '-q', '-c', str(BEGINNING), file.name, *programs])
            try:
                os.sched_setaffinity(0, cpus or before)
                values, others = self.rounds(sides, effort)
            except FileNotFoundError as error:
                raise Unavailable(f'{error.filename} is missing') from error
            finally:
                os.sched_setaffinity(0, before)
        yield Figure(self.name, placement.name, 'ns', values, 'head of the same files', others, Target('value', 50e6))

    @staticmethod
    def rounds(sides, effort):
        values = ([], [])
        for number in range(effort.rounds):
            for index in (0, 1) if number % 2 == 0 else (1, 0):
                values[index].append(repeat(sides[index], effort.ms))
        return values


STATIC = [Check()]
