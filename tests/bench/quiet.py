# SPDX-License-Identifier: BSD-2-Clause
"""What a system takes while it does nothing: memory, descriptors, wake-ups."""

import contextlib
import os
import pathlib
import re
import time

from figures import Figure, Target
from sides import PATIENCE, Failed, Quiet, start

INSTANCES = 20

# Each of them has called the server and printed a line, and waits.
SERVER = '  server: { binary: bench_server, ram: 4M, caps: 300 }\n'
INSTANCE = '  client-{}: {{ binary: bench_client, config: {{ run: wait }} }}\n'

# A whole system with a picture and nothing due.
IDLE = '''\
start:
  timer:
  gui:
  headless: { route: { Host: parent } }
  paint:
'''


def instances(count):
    return 'start:\n' + SERVER + ''.join(INSTANCE.format(number) for number in range(1, count + 1))


def pss(pid):
    """Memory of a process in KiB, where what several share counts in parts."""
    try:
        text = pathlib.Path(f'/proc/{pid}/smaps_rollup').read_text(encoding='ascii')
    except OSError as error:
        raise Failed(f'the memory of process {pid} cannot be seen: {error}') from error
    return int(re.search(r'^Pss:\s*(\d+)', text, re.MULTILINE)[1])


def descriptors(pid):
    return len(os.listdir(f'/proc/{pid}/fd'))


def switches(pids):
    """How often each thread of PIDS has gone to sleep or was made to wait, by its number."""
    found = {}
    for pid in pids:
        for path in pathlib.Path(f'/proc/{pid}/task').glob('*/status'):
            try:
                text = path.read_text(encoding='utf-8', errors='replace')
            except OSError:
                continue
            counts = re.findall(r'^(?:non)?voluntary_ctxt_switches:\s*(\d+)', text, re.MULTILINE)
            found[path.parent.name] = sum(map(int, counts))
    return found


def settle(system):
    """Waits until nothing happens for half a second: it has started then."""
    limit = time.monotonic() + PATIENCE
    before = None
    while time.monotonic() < limit:
        now = switches(system.pids())
        if now == before:
            return
        before = now
        time.sleep(0.5)
        system.check()
    raise Failed(f'the system does not come to rest within {PATIENCE} s')


class Memory:
    """PSS of the 20th instance of a component, beside that of an empty program of which there are as many."""

    name = 'pss-component'
    what = f'memory (PSS) of the {INSTANCES}th instance of an idle component'
    where = ('unpinned',)

    def run(self, build, placement, effort):
        empty = build / 'tests/bench/baseline/baseline-empty'
        with contextlib.ExitStack() as stack:
            system = stack.enter_context(Quiet(build, instances(INSTANCES), placement, INSTANCES))
            settle(system)
            value = pss(system.component(f'client-{INSTANCES}'))
            programs = []
            for _ in range(INSTANCES):
                program = start([empty, 'wait'], placement)
                programs.append(program)
                stack.callback(program.stdout.close)
                stack.callback(program.wait)
                stack.callback(program.kill)
            while any(state_of(program.pid) != 'S' for program in programs):
                time.sleep(0.01)
            yield Figure(self.name, placement.name, 'KiB', [value], 'empty static program', [pss(programs[-1].pid)],
                         Target('value', 400))


def state_of(pid):
    """S: it has come to its pause."""
    return pathlib.Path(f'/proc/{pid}/stat').read_text(encoding='utf-8').rsplit(')', 1)[1].split()[0]


class Descriptors:
    name = 'fds-component'
    what = 'descriptors that core holds for an idle component'
    where = ('unpinned',)

    def run(self, build, placement, effort):
        counts = []
        for count in (1, 1 + INSTANCES):
            with Quiet(build, instances(count), placement, count) as system:
                settle(system)
                counts.append(descriptors(system.process.pid))
        yield Figure(self.name, placement.name, 'fds', [(counts[1] - counts[0]) / INSTANCES],
                     target=Target('value', 12))


class SystemMemory:
    name = 'pss-system'
    what = 'memory (PSS) of core, its helpers, init and one component'
    where = ('unpinned',)

    def run(self, build, placement, effort):
        with Quiet(build, 'start:\n  timer:\n', placement) as system:
            settle(system)
            yield Figure(self.name, placement.name, 'KiB', [sum(map(pss, system.pids()))],
                         target=Target('value', 3 * 1024))


class Idle:
    name = 'idle'
    what = 'wake-ups of core, init, timer, gui, its driver and a client, for 10 seconds'
    where = ('unpinned',)

    def run(self, build, placement, effort):
        with Quiet(build, IDLE, placement) as system:
            settle(system)
            before = switches(system.pids())
            time.sleep(effort.idle_seconds)
            after = switches(system.pids())
            system.check()
        if before.keys() != after.keys():
            raise Failed('threads have come or gone')
        count = sum(after[thread] - before[thread] for thread in before)
        yield Figure(self.name, placement.name, 'wake-ups', [count], target=Target('value', 0))


QUIET = [Memory(), Descriptors(), SystemMemory(), Idle()]
