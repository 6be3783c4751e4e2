# SPDX-License-Identifier: BSD-2-Clause
"""The benchmarks: what is measured, beside which baseline, and how much more than it shall be at most."""

import contextlib
import functools
import subprocess

from change import CHANGES
from figures import Figure, Target, median
from network import HTTP_BYTES, HostedSystem, HttpSystem, Listening, Wrk, tcp_host_scenario, tcp_scenario
from quiet import QUIET
from sides import Busy, Failed, Program, Start, System, Unavailable
from soak import SOAKS
from static import STATIC

ALL = ('one-core', 'two-core', 'unpinned')
SHARED = ('one-core', 'unpinned')  # where several work for one who asks


class Effort:
    """How long and how often: ROUNDS alternations of slices of MS milliseconds."""

    def __init__(self, quick=False, rounds=None):
        self.quick = bool(quick)
        self.rounds = rounds or (5 if quick else 21)
        self.ms = 20 if quick else 50
        self.idle_seconds = 2 if quick else 10


def alternate(sides, effort):
    """The values of each side, a list per side with an item per round. The order changes from round to round."""
    values = [[] for _ in sides]
    for number in range(effort.rounds):
        order = list(enumerate(sides))
        for index, side in order if number % 2 == 0 else reversed(order):
            values[index].append(side.slice(effort.ms))
    return values


# ---- the baselines: name for people, arguments of the program, whether it has a peer, where it makes sense

class Raw:
    def __init__(self, title, words, where=ALL, peer=True):
        self.title = title
        self.words = words
        self.where = where
        self.peer = peer


RAW = {
    'null': Raw('null system call', ['null'], ('one-core',), False),
    'spin': Raw('spin ping-pong', ['pingpong', 'spin'], ('two-core', 'unpinned')),
    'futex': Raw('futex ping-pong', ['pingpong', 'futex']),
    'futex-deadline': Raw('futex with time-out', ['pingpong', 'futex-deadline']),
    'eventfd': Raw('eventfd ping-pong', ['pingpong', 'eventfd']),
    'epoll': Raw('eventfd with epoll', ['pingpong', 'epoll']),
    'epoll-one-way': Raw('eventfd, epoll, 1 way', ['pingpong', 'epoll-one-way']),
    'seqpacket': Raw('seqpacket ping-pong', ['pingpong', 'seqpacket']),
    'seqpacket-fd': Raw('seqpacket with 1 fd', ['pingpong', 'seqpacket-fd']),
    'new-socketpair': Raw('socketpair per call', ['pingpong', 'new-socketpair']),
    'sd-bus': Raw('sd-bus call', ['sdbus']),
    'memcpy-4k': Raw('memcpy of 4 KiB', ['copy', '4096'], ('one-core',), False),
    'memcpy-64k': Raw('memcpy of 64 KiB', ['copy', '65536'], ('one-core',), False),
    'crash': Raw('plain process crashes', ['crash']),
    'ring-4k': Raw('ring of 4 KiB packets', ['ring', '4096', '64']),
    'ring-64k': Raw('ring of 64 KiB packets', ['ring', '65536', '16']),
    'ring-1500': Raw('ring of 1514 B packets', ['ring', '1514', '256']),
    'tcp-loopback': Raw('TCP over loopback', ['tcp', 'up', 'loopback', '8']),
    'slirp-up': Raw('slirp4netns, upload', ['tcp', 'up', 'slirp', '8'], SHARED),
    'slirp-down': Raw('slirp4netns, download', ['tcp', 'down', 'slirp', '8'], SHARED),
    'spawn': Raw('vfork+exec+wait', ['spawn', 'EMPTY'], ('one-core', 'unpinned'), False),
}


def raw_side(build, name, placement, factor=1):
    raw = RAW[name]
    words = [str(build / 'tests/bench/baseline/baseline-empty') if word == 'EMPTY' else word for word in raw.words]
    return Program(build, words, placement, raw.peer, factor)


class RawBenchmark:
    """A baseline as a figure of its own."""

    def __init__(self, name):
        self.name = name
        self.what = f'raw: {RAW[name].title}'
        self.where = RAW[name].where

    def run(self, build, placement, effort):
        with raw_side(build, self.name, placement) as side:
            yield Figure(self.name, placement.name, 'ns', alternate([side], effort)[0])


# ---- systems

SERVER = '  server: {{ binary: bench_server, ram: {ram}M, caps: {caps} }}\n'
CLIENT = '  {name}: {{ binary: bench_client, ram: {ram}M, caps: {caps}, config: {{ {config} }} }}\n'


def client_scenario(effort, operation, **config):
    config = {'run': operation, 'batch': effort.ms * 1000000, **config}
    text = ', '.join(f'{key}: {value}' for key, value in config.items())
    return 'start:\n' + SERVER.format(ram=4, caps=100) + CLIENT.format(name='client', ram=8, caps=60, config=text)


def parent_scenario(effort, children):
    ram, caps = 4 + 2 * children, 100 + 30 * children
    return ('start:\n'
            f'  client: {{ binary: bench_parent, ram: {ram}M, caps: {caps}, '
            f'config: {{ children: {children}, batch: {effort.ms * 1000000} }}, '
            'route: { PD: parent, ROM: [ { match: bench_child, to: parent } ] } }\n')


def nested_scenario(effort, inits):
    """A client whose sessions with a server that the outermost init has go through so many INITS."""
    ram, caps = 8, 60
    inner = ('client: { binary: bench_client, ram: 8M, caps: 60, '
             f'config: {{ run: session, batch: {effort.ms * 1000000} }}, route: {{ Bench: %s }} }}')
    for _ in range(inits - 1):
        ram, caps = ram + 8, caps + 100
        inner = (f"inner: {{ binary: init, ram: {ram}M, caps: {caps}, route: {{ PD: parent, Bench: %s, ROM: [ "
                 "{ match: '*bench_client', to: parent }, { match: '*init', to: parent } ] }, config: { "
                 f"parent-provides: [LOG, ROM, PD, Bench], start: {{ {inner % 'parent'} }} }} }}")
    return 'start:\n' + SERVER.format(ram=4, caps=100) + '  ' + inner % '{ child: server }' + '\n'


def many_scenario(count):
    """COUNT components that say that they are there, and have nothing to do."""
    return 'start:\n' + ''.join(f'  child-{number}: {{ binary: bench_here }}\n' for number in range(count))


def fault_scenario(effort):
    return ('start:\n'
            '  server: { binary: probe_server, '
            'restart: { policy: always, delay: 1ms, delay-max: 1ms, max: 1000000 } }\n'
            f'  client: {{ binary: bench_fault, config: {{ batch: {effort.ms * 1000000} }} }}\n')


def nic_scenario(effort, through=''):
    """Frames of 1500 bytes of payload from a client to a server, or THROUGH switch or router to a receiver."""
    batch = f'batch: {effort.ms * 1000000}'
    if through == 'router':
        return ('start:\n  timer:\n'
                '  router: { config: { domains: { near: { ipv4: 10.0.1.1/24, nat: [ { to: far, udp: all } ] }, '
                'far: { ipv4: 10.0.2.1/24 } }, policy: [ { label: client, domain: near }, '
                '{ label: receiver, domain: far } ] } }\n'
                '  receiver: { binary: bench_nic_receiver, config: { router: true } }\n'
                f'  client: {{ binary: bench_nic_sender, config: {{ router: true, {batch} }} }}\n')
    if not through:
        return ('start:\n  server: { binary: bench_nic_server }\n'
                f'  client: {{ binary: bench_nic_sender, config: {{ {batch} }} }}\n')
    return ('start:\n  timer:\n'
            f"  {through}: {{ config: {{ policy: [ {{ label: client, mac: '02:00:00:00:00:01' }}, "
            "{ label: receiver, mac: '02:00:00:00:00:02' } ] } }\n"
            '  receiver: { binary: bench_nic_receiver }\n'
            f'  client: {{ binary: bench_nic_sender, config: {{ answers: true, {batch} }} }}\n')


CLIENT_PROCESSES = 20


def clients_scenario(effort, clients):
    """CLIENTS sessions in 20 processes, of which one session of the first works."""
    processes = min(clients, CLIENT_PROCESSES)
    each = clients // processes
    text = 'start:\n' + SERVER.format(ram=2 + clients // 50, caps=100 + 2 * clients)
    for number in range(processes):
        operation = 'wait' if number else 'echo'
        text += CLIENT.format(name=f'client-{number}' if number else 'client', ram=2 + each // 16, caps=60 + 5 * each,
                              config=f'run: {operation}, batch: {effort.ms * 1000000}, sessions: {each}')
    return text, processes - 1


class Comparison:
    """A Seedbed system beside one or more baselines; of several, the fastest counts.

    SCENARIO gives the system's text. BASELINES are by placement, or for all: names of raw programs, or of other
    comparisons, whose systems are measured then. TARGETS are by placement.
    """

    def __init__(self, name, what, scenario, baselines, targets, where=ALL, factor=1, crashes=False):
        self.name = name
        self.what = what
        self.scenario = scenario
        self.baselines = baselines
        self.targets = targets
        self.where = where
        self.factor = factor # of the baseline
        self.crashes = crashes

    def side(self, build, placement, effort):
        made = self.scenario(effort)
        text, ready = made if isinstance(made, tuple) else (made, 0)
        return System(build, text, placement, ready, self.crashes)

    def against(self, placement):
        names = self.baselines.get(placement.name) or self.baselines['']
        return names.split()

    def run(self, build, placement, effort):
        names = self.against(placement)
        with contextlib.ExitStack() as stack:
            sides = [stack.enter_context(self.side(build, placement, effort))]
            for name in names:
                if name in RAW:
                    side = raw_side(build, name, placement, self.factor)
                else:
                    side = BENCHMARKS[name].side(build, placement, effort)
                sides.append(stack.enter_context(side))
            values, *others = alternate(sides, effort)
        best = min(range(len(names)), key=lambda index: median(others[index]))
        title = RAW[names[best]].title if names[best] in RAW else names[best]
        if self.factor != 1:
            title = f'{self.factor} x {title}'
        yield Figure(self.name, placement.name, 'ns', values, title, others[best], self.targets.get(placement.name))


class WholeStart(Comparison):
    """A scenario of FACTOR components, from the start of the command until all are constructed, beside as many raw
    spawns."""

    def side(self, build, placement, effort):
        return Start(build, self.scenario(effort), placement, self.factor)


class Hosted(Comparison):
    """A system that has a process of the host to talk with, which SCENARIO names by its port."""

    def side(self, build, placement, effort):
        return HostedSystem(build, functools.partial(self.scenario, effort), placement)


class Lasting(Comparison):
    """Whether a system that runs for long becomes slower: its last second beside its first, without a pause."""

    def __init__(self, name, what, scenario):
        super().__init__(name, what, scenario, {}, ratio(1.1), SHARED)

    def run(self, build, placement, effort):
        second = 1000 // effort.ms
        with self.side(build, placement, effort) as side:
            values = side.without_pause(effort.idle_seconds * second)
        yield Figure(self.name, placement.name, 'ns', values[-second:], 'its first second', values[:second],
                     self.targets[placement.name])


class Requests:
    """Requests of wrk over CONNECTIONS to the component http, beside the least that could answer them. wrk measures
    for whole seconds, so there are fewer rounds."""

    where = SHARED

    def __init__(self, name, connections):
        self.name = name
        self.connections = connections
        self.what = f'a request of wrk to the component http, by uplink-user, {connections} at a time'

    def run(self, build, placement, effort):
        with contextlib.ExitStack() as stack:
            servers = [HttpSystem(build, placement),
                       Listening(build, ['http', str(HTTP_BYTES)], placement, peer=False)]
            sides = [stack.enter_context(Wrk(server, placement, self.connections)) for server in servers]
            values, others = alternate(sides, Effort(rounds=max(1, effort.rounds // 7)))
        yield Figure(self.name, placement.name, 'ns', values, 'raw epoll server', others)


def ratio(limit, *where):
    return {name: Target('ratio', limit) for name in where or ALL}


def client(operation, **config):
    return lambda effort: client_scenario(effort, operation, **config)


ONE = ('one-core',)

COMPARISONS = [
    Comparison('rpc-8', 'RPC, 8 bytes in and out', client('echo'),
               {'one-core': 'futex', 'two-core': 'spin', 'unpinned': 'spin futex'},
               {**ratio(1.3, 'one-core'), **ratio(1.5, 'two-core'), **ratio(2, 'unpinned')}),
    Comparison('rpc-1k', 'RPC, 1 KiB in', client('put', bytes=1024), {'': 'rpc-8'},
               {'one-core': Target('added', 150)}),
    Comparison('rpc-cap-in', 'RPC with a capability in', client('cap-in'), {'': 'seqpacket-fd'}, ratio(1.3, *ONE)),
    Comparison('rpc-cap-out', 'RPC with a capability out', client('cap-out'), {'': 'seqpacket-fd'}, ratio(1.3, *ONE)),
    Comparison('rpc-deadline', 'rpc-8 with a deadline', client('deadline'), {'': 'futex-deadline'}, ratio(1.3, *ONE)),
    Comparison('signal', 'a signal, until the handler runs', client('signal'), {'': 'epoll-one-way'},
               ratio(1.2, *ONE)),
    Comparison('signal-roundtrip', 'a signal there and one back', client('signal-roundtrip'), {'': 'epoll'},
               ratio(1.2, *ONE)),
    Comparison('stream-4k', 'a packet of 4 KiB, written and read', client('stream', bytes=4096, slots=64),
               {'': 'ring-4k'}, ratio(1.15)),
    Comparison('stream-64k', 'a packet of 64 KiB, written and read', client('stream', bytes=65536, slots=16),
               {'': 'ring-64k'}, ratio(1.15)),
    Comparison('stream-4k-depth1', 'the same with one of 4 KiB under way', client('stream', bytes=4096, slots=1),
               {'': 'futex'}, ratio(1.5, *ONE)),
    Comparison('nic-1500', 'a frame of 1500 bytes to a Nic server, written and read', nic_scenario,
               {'': 'ring-1500'}, ratio(1.2)),
    Comparison('nic-1500-switch', 'the same to another client, through switch',
               lambda effort: nic_scenario(effort, 'switch'), {'': 'ring-1500'}, ratio(2.2)),
    Comparison('nic-1500-router', 'the same as UDP to another network, through router with NAT',
               lambda effort: nic_scenario(effort, 'router'), {'': 'ring-1500'}, ratio(3)),
    Comparison('tcp', '64 KiB over TCP to another component, through switch', tcp_scenario,
               {'': 'tcp-loopback'}, ratio(8)),
    *(Comparison(f'tcp-{count}', f'the same in turns over {count} connections',
                 lambda effort, count=count: tcp_scenario(effort, count), {'': 'tcp'}, ratio(1.1), SHARED)
      for count in (10, 100, 500)),
    Lasting('tcp-time', 'the last second of a longer run of tcp, beside the first', tcp_scenario),
    Hosted('tcp-host-up', '64 KiB over TCP to a process of the host, by uplink-user',
           lambda effort, port: tcp_host_scenario(effort, port, 'up'), {'': 'slirp-up'}, ratio(1),
           SHARED),
    Hosted('tcp-host-down', 'the same the other way',
           lambda effort, port: tcp_host_scenario(effort, port, 'down'), {'': 'slirp-down'}, ratio(1),
           SHARED),
    *(Requests(f'http-{count}', count) for count in (1, 10, 100)),
    Comparison('session', 'open and close of a session with a sibling', client('session'), {'': 'seqpacket-fd'},
               ratio(12, *ONE)),
    Comparison('component', 'create, construct, exit, destroy', lambda effort: parent_scenario(effort, 1),
               {'': 'spawn'}, ratio(1.6), ('one-core', 'unpinned')),
    Comparison('start-100', '100 components, until all are constructed', lambda effort: parent_scenario(effort, 100),
               {'': 'spawn'}, ratio(1.5), ('one-core', 'unpinned'), factor=100),
    WholeStart('start-300', 'the command with a scenario of 300 components', lambda effort: many_scenario(300),
               {'': 'spawn'}, ratio(1.5), ('one-core', 'unpinned'), factor=300),
    Comparison('nested-1', 'a session through 1 init', lambda effort: nested_scenario(effort, 1), {'': 'session'}, {},
               ('one-core', 'unpinned')),
    Comparison('nested-5', 'a session through 5 nested inits', lambda effort: nested_scenario(effort, 5),
               {'': 'nested-1'}, ratio(5), ('one-core', 'unpinned')),
    Comparison('fault', 'a crash of the server, until the caller has its error', fault_scenario, {'': 'crash'}, {},
               crashes=True),
    Comparison('clients-1', 'rpc-8 with 1 client', lambda effort: clients_scenario(effort, 1), {'': 'rpc-8'}, {}),
    Comparison('clients-100', 'rpc-8 with 100 connected clients', lambda effort: clients_scenario(effort, 100),
               {'': 'clients-1'}, ratio(1.1)),
    Comparison('clients-1000', 'rpc-8 with 1000 connected clients', lambda effort: clients_scenario(effort, 1000),
               {'': 'clients-1'}, ratio(1.1)),
]


class Loaded:
    """rpc-8 while all CPUs are busy: beside the raw mechanism, and with and without spinning."""

    name = 'rpc-8-busy'
    what = 'rpc-8 with all CPUs busy'
    where = ALL

    def sides(self, build, placement, effort):
        text = client_scenario(effort, 'echo')
        return [System(build, text, placement), raw_side(build, 'futex', placement)]

    def run(self, build, placement, effort):
        with contextlib.ExitStack() as stack:
            stack.enter_context(Busy(build))
            values, others = alternate([stack.enter_context(side) for side in self.sides(build, placement, effort)],
                                       effort)
        yield Figure(self.name, placement.name, 'ns', values, self.against, others, self.target)

    against = 'futex ping-pong, busy'
    target = None


class LoadedSpinning(Loaded):
    name = 'rpc-8-busy-spin'
    what = 'the same, beside a system that never spins'
    against = 'rpc-8-busy, --no-spin'
    target = Target('ratio', 1.1)

    def sides(self, build, placement, effort):
        text = client_scenario(effort, 'echo')
        command = System(build, text, placement).command
        told = subprocess.run([command, 'run', '--help'], stdout=subprocess.PIPE, text=True, check=True).stdout
        if '--no-spin' not in told:
            raise Unavailable('this build has no spinning to switch off')
        return [System(build, text, placement), System(build, text, placement, options=['--no-spin'])]


BENCHMARKS = {benchmark.name: benchmark
              for benchmark in [*COMPARISONS, Loaded(), LoadedSpinning(), *QUIET, *SOAKS, *STATIC, *CHANGES,
                          *map(RawBenchmark, RAW)]}


def run(benchmark, build, placement, effort):
    """The figures of BENCHMARK at PLACEMENT; raises Unavailable or Failed."""
    if isinstance(placement, str):
        raise Unavailable(placement)
    try:
        yield from benchmark.run(build, placement, effort)
    except OSError as error:
        raise Failed(str(error)) from error
