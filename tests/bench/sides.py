# SPDX-License-Identifier: BSD-2-Clause
"""The two sides of a comparison: a plain program, and a Seedbed system. Each works in slices and sleeps in between, so
that the other can be measured meanwhile."""

import ctypes
import os
import pathlib
import re
import selectors
import shutil
import signal
import subprocess
import tempfile
import time

PATIENCE = 60  # seconds for a figure; whatever takes longer hangs
LIBRARIES = {'sdbus': 'libsystemd-dev'}
PROGRAMS = {'slirp': 'slirp4netns'}
SAFETY = 900  # seconds after which a system ends by itself, whatever happens


class Failed(Exception):
    """A side has not worked; says why."""


class Unavailable(Exception):
    """It cannot be measured here; says why."""


class Placement:
    """Where things run. ONE is the CPU of what asks, OTHER that of all else; None is wherever the kernel wants."""

    def __init__(self, name, one=None, other=None):
        self.name = name
        self.one = one
        self.other = other

    def cpus(self):
        return None if self.one is None else {self.one, self.other}


def siblings(cpu):
    """CPUs that are the same core as CPU."""
    path = pathlib.Path(f'/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list')
    found = {cpu}
    try:
        for part in path.read_text(encoding='ascii').strip().split(','):
            first, _, last = part.partition('-')
            found |= set(range(int(first), int(last or first) + 1))
    except (OSError, ValueError):
        pass
    return found


def placements():
    """Placement by name; a text instead of one says why there is none."""
    allowed = sorted(os.sched_getaffinity(0))
    one = allowed[-1]  # interrupts prefer the first
    others = [cpu for cpu in allowed if cpu not in siblings(one)] or [cpu for cpu in allowed if cpu != one]
    return {
        'one-core': Placement('one-core', one, one),
        'two-core': Placement('two-core', one, others[-1]) if others else 'there is only one CPU',
        'unpinned': Placement('unpinned'),
    }


class Lines:
    """The lines that a process writes, without blocking for ever."""

    def __init__(self, stream):
        self.stream = stream
        os.set_blocking(stream.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(stream, selectors.EVENT_READ)
        self.rest = b''
        self.seen = []  # the last ones, for messages
        self.waiting = []

    def get(self):
        """The next line; None at the end."""
        limit = time.monotonic() + PATIENCE
        while not self.waiting:
            if not self.selector.select(max(0, limit - time.monotonic())):
                raise Failed(f'no figure within {PATIENCE} s')
            data = os.read(self.stream.fileno(), 65536)
            if not data:
                return None
            *lines, self.rest = (self.rest + data).split(b'\n')
            self.waiting = [line.decode(errors='replace') for line in lines]
        line = self.waiting.pop(0)
        self.seen = self.seen[-19:] + [line]
        return line

    def close(self):
        self.selector.close()
        self.stream.close()


PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def start(command, placement, **options):
    """Starts COMMAND where PLACEMENT wants all of it. It does not outlive this process."""
    def prepare():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if placement.cpus():
            os.sched_setaffinity(0, placement.cpus())
    # pylint: disable=subprocess-popen-preexec-fn
    return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            start_new_session=True, preexec_fn=prepare, **options)


class Side:
    """What can be measured; for use with `with`."""

    process = lines = None

    def __enter__(self):
        try:
            self.begin()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def what_it_said(self):
        return ''.join(f'\n    {line}' for line in (self.lines.seen if self.lines else []))


class Program(Side):
    """A baseline program: see baseline/slice.h. FACTOR of its operations are one of what it is compared with."""

    def __init__(self, build, words, placement, peer=True, factor=1):
        self.path = build / 'tests' / 'bench' / 'baseline' / f'baseline-{words[0]}'
        self.placement = placement
        cpus = [] if placement.one is None else [placement.one, placement.other][:2 if peer else 1]
        self.command = [self.path, *words[1:], *cpus]
        self.factor = factor
        self.library = LIBRARIES.get(words[0]) # that it cannot be built without

    def begin(self):
        if not self.path.exists() and self.library:
            raise Unavailable(f'{self.path.name} was not built: {self.library} is missing')
        for word, program in PROGRAMS.items():
            if word in self.command and not shutil.which(program):
                raise Unavailable(f'{program} is missing')
        self.process = start(self.command, self.placement, stdin=subprocess.PIPE, bufsize=0)
        self.lines = Lines(self.process.stdout)

    def slice(self, ms):
        try:
            self.process.stdin.write(f'go {ms}\n'.encode())
        except OSError:
            pass # it has ended, and has perhaps said why
        line = self.lines.get()
        if line and line.startswith('unavailable: '):
            raise Unavailable(line.partition(' ')[2])
        if line is None or not line.startswith('figure '):
            raise Failed(f'{" ".join(map(str, self.command))}: no figure{self.what_it_said()}')
        count, ns = map(int, line.split()[1:])
        return self.factor * ns / count

    def end(self):
        if self.process:
            self.process.stdin.close()
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        if self.lines:
            self.lines.close()


def processes_below(pid):
    """All descendants of PID, oldest first."""
    children = {}
    for path in pathlib.Path('/proc').iterdir():
        if not path.name.isdigit():
            continue
        try:
            text = (path / 'stat').read_bytes()
        except OSError:
            continue
        parent = int(text[text.rindex(b')') + 2:].split()[1])
        children.setdefault(parent, []).append(int(path.name))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return sorted(found)


def first_argument(pid):
    """A component's process has its label there."""
    try:
        return pathlib.Path(f'/proc/{pid}/cmdline').read_bytes().split(b'\0')[0].decode(errors='replace')
    except OSError:
        return ''


def pin(pid, cpu):
    """Pins all threads of PID."""
    try:
        for thread in pathlib.Path(f'/proc/{pid}/task').iterdir():
            os.sched_setaffinity(int(thread.name), {cpu})
    except OSError:
        pass # it has ended meanwhile


class System(Side):
    """A Seedbed system with the component `client`, which repeats an operation and prints figures for ever: see
    components/meter.h. It is stopped while others are measured; the rest of the system has nothing to do then."""

    FIGURE = re.compile(r'\[(?:inner -> )*client\] figure (\d+) (\d+) (\d+)$')
    ENDED = re.compile(r'\[init\] .*(; restart |; given up|; not restarted)')

    def __init__(self, build, scenario, placement, ready=0, crashes=False, options=()):
        self.build = build
        self.command = build / 'base-linux' / 'command' / 'seedbed'
        self.scenario = scenario
        self.placement = placement
        self.ready = ready # how many components say "waiting" before anything is measured
        self.crashes = crashes # whether that is what it is about
        self.options = options # of `seedbed run`
        self.folder = None
        self.client = 0

    def begin(self):
        # killed by SIGKILL, a benchmark leaves nothing outside the build folder
        self.folder = tempfile.TemporaryDirectory(prefix='bench-', dir=self.build)
        path = pathlib.Path(self.folder.name) / 'scenario.yaml'
        path.write_text(self.text(), encoding='utf-8')
        self.process = start([self.command, 'run', path, '--headless', '--for', str(SAFETY), *self.options],
                             self.placement, stdin=subprocess.DEVNULL, cwd=self.folder.name,
                             env={**os.environ, 'NO_COLOR': '1'})
        self.lines = Lines(self.process.stdout)
        while self.ready:
            self.ready -= self.line().endswith('] waiting')
        self.after_start()

    def text(self):
        """Of the scenario, before the start."""
        return self.scenario

    def after_start(self):
        """From the first figure on everything is in its place, and so it can be put there."""
        while not self.FIGURE.match(self.line()):
            pass
        below = processes_below(self.process.pid)
        named = [pid for pid in below if first_argument(pid).split(' -> ')[-1] == 'client']
        if not named:
            raise Failed(f'there is no process of the client{self.what_it_said()}')
        self.client = named[0]
        if self.placement.name == 'two-core':
            for pid in [self.process.pid, *below]:
                pin(pid, self.placement.one if pid == self.client else self.placement.other)
        os.kill(self.client, signal.SIGSTOP)

    def line(self):
        line = self.lines.get()
        if line is None:
            raise Failed(f'the system has ended{self.what_it_said()}')
        if not self.crashes and self.ENDED.match(line):
            raise Failed(f'a component has ended{self.what_it_said()}')
        return line

    def slice(self, _):
        """How long it is was said in the scenario. A batch that had begun before is not clean."""
        begun = time.monotonic_ns()
        os.kill(self.client, signal.SIGCONT)
        while True:
            match = self.FIGURE.match(self.line())
            if match and int(match[1]) >= begun:
                break
        os.kill(self.client, signal.SIGSTOP)
        return int(match[3]) / int(match[2])

    def without_pause(self, count):
        """The figures of COUNT batches, one after the other."""
        found = []
        os.kill(self.client, signal.SIGCONT)
        while len(found) < count:
            match = self.FIGURE.match(self.line())
            if match:
                found.append(int(match[3]) / int(match[2]))
        return found

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.lines:
            self.lines.close()
        if self.folder:
            self.folder.cleanup()


class Start(System):
    """A system that is started anew for each slice; what counts is the time from before the command until COUNT
    components have said that they are there."""

    HERE = re.compile(r'\[[^]]*\] here$')

    def __init__(self, build, scenario, placement, count):
        super().__init__(build, scenario, placement)
        self.count = count

    def begin(self):
        self.folder = tempfile.TemporaryDirectory(prefix='bench-', dir=self.build)
        path = pathlib.Path(self.folder.name) / 'scenario.yaml'
        path.write_text(self.scenario, encoding='utf-8')
        self.slice(0)  # files that are read for the first time are another matter

    def slice(self, _):
        begun = time.monotonic_ns()
        self.process = start([self.command, 'run', 'scenario.yaml', '--headless', '--for', str(SAFETY)],
                             self.placement, stdin=subprocess.DEVNULL, cwd=self.folder.name,
                             env={**os.environ, 'NO_COLOR': '1'})
        self.lines = Lines(self.process.stdout)
        left = self.count
        while left:
            left -= bool(self.HERE.match(self.line()))
        took = time.monotonic_ns() - begun
        self.process.terminate()
        while self.lines.get() is not None:
            pass
        self.process.wait()
        self.lines.close()
        return took

    def end(self):
        if self.process and self.process.poll() is None:
            super().end()
        elif self.folder:
            self.folder.cleanup()


class Quiet(System):
    """A system whose components wait; nothing is stopped."""

    def after_start(self):
        pass

    def pids(self):
        return [self.process.pid, *processes_below(self.process.pid)]

    def component(self, label):
        named = [pid for pid in self.pids() if first_argument(pid) == label]
        if not named:
            raise Failed(f'there is no process of {label}')
        return named[0]

    def check(self):
        """Raises Failed if the system has ended."""
        if self.process.poll() is not None:
            while True:
                self.line()


class Busy(Side):
    """Programs that keep each CPU busy that may be used, for use around other sides."""

    def __init__(self, build):
        self.path = build / 'tests' / 'bench' / 'baseline' / 'baseline-burn'
        self.processes = []

    def begin(self):
        for cpu in sorted(os.sched_getaffinity(0)):
            self.processes.append(subprocess.Popen([str(self.path), str(cpu)], stdin=subprocess.PIPE,
                                                   start_new_session=True))

    def end(self):
        for process in self.processes:
            process.stdin.close()
            process.wait()
