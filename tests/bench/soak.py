# SPDX-License-Identifier: BSD-2-Clause
"""What sessions that come and go, a million of them, leave behind in the processes that stay: nothing."""

import pathlib
import re
import sys

from figures import Figure, Target
from quiet import descriptors, settle
from sides import Failed, Quiet, first_argument

PAUSE = 8 # seconds, in which the system is looked at
STOCK = 8 # descriptors that a component has in stock: core makes four pairs at once
SCENARIO = 'start:\n  timer:\n  cycler: {{ config: {{ does: sessions, cycles: {}, pause: {} }} }}\n'
LINKS = '''start:
  timer:
  switch:
  router: {{ config: {{ domains: {{ lan: {{ ipv4: 10.0.0.1/24 }} }}, default-policy: {{ domain: lan }} }} }}
  cycler:
    ram: 8M
    route: {{ Nic: [{{ match: switch, child: switch }}, {{ match: router, child: router }}] }}
    config: {{ does: links, cycles: {}, pause: {} }}
'''
# scenario, how many sessions each cycle has, and what they are
KINDS = {
    'soak': (SCENARIO, 3, 'sessions of core, a server and init'),
    'soak-nic': (LINKS, 2, 'sessions of a switch and a router'),
}


def memory(pid):
    """What a process has to itself, in KiB: its anonymous memory, and the pages of memory that is shared."""
    text = pathlib.Path(f'/proc/{pid}/status').read_text(encoding='ascii', errors='replace')
    return sum(int(number) for number in re.findall(r'^Rss(?:Anon|Shmem):\s*(\d+)', text, re.MULTILINE))


def look(system):
    """Memory and descriptors of each process, by its number."""
    settle(system)
    return {pid: (memory(pid), descriptors(pid)) for pid in system.pids()}


def wait_for(system, text):
    while text not in system.line():
        pass


class Soak:
    """The figure is by how much the process has grown that has grown most. More descriptors are a failure."""

    where = ('unpinned',)

    def __init__(self, name, kind, quick, full, only_named=False):
        self.name = name
        self.scenario, self.sessions, what = KINDS[kind]
        self.what = f'growth of any process over {full:,} {what}, opened and closed'
        self.counts = (full, quick)
        self.only_named = only_named

    def run(self, build, placement, effort):
        cycles = self.counts[effort.quick] // self.sessions // 4 * 4
        with Quiet(build, self.scenario.format(cycles, PAUSE * 1000), placement) as system:
            wait_for(system, f'cycles: {cycles // 4}')
            before = look(system)
            wait_for(system, f'cycles: {cycles}')
            after = look(system)
            names = {pid: first_argument(pid) for pid in after}
        if before.keys() != after.keys():
            raise Failed('processes have come or gone')
        more = [f'{names[pid]} has {after[pid][1] - before[pid][1]} descriptors more than before'
                for pid in before if after[pid][1] > before[pid][1] + (STOCK if pid != system.process.pid else 0)]
        if more:
            raise Failed('; '.join(more))
        grown = max(after[pid][0] - before[pid][0] for pid in before)
        for pid in before:
            if after[pid][0] > before[pid][0]:
                print(f'seedbed: {self.name}: {names[pid]} has {after[pid][0] - before[pid][0]} KiB more than before',
                      file=sys.stderr)
        yield Figure(self.name, placement.name, 'KiB', [max(0, grown)], target=Target('value', 0))


SOAKS = [
    Soak('soak', 'soak', 6_000, 60_000),
    Soak('soak-nic', 'soak-nic', 1_000, 10_000),
    Soak('soak-million', 'soak', 1_000_000, 1_000_000, only_named=True),
    Soak('soak-nic-100000', 'soak-nic', 100_000, 100_000, only_named=True),
]
