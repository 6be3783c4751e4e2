# SPDX-License-Identifier: BSD-2-Clause
"""./seedbed run --platform mach: a scenario on GNU Mach in QEMU, used as on Linux.

    run.py BUILD [SCENARIO] [--headless] [--shot FILE.png] [--for SECONDS]

For tests: --wish TEXT (for base-mach/core/host.c; may be repeated), --wishes (lines of stdin are such wishes), --books
(accounts and rights are checked at the end), --memory MIB, --cut BYTES (an archive that ends there). --check is what
`seedbed check` does.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

from archive import archive, named_files, programs, stripped
from machine import EMULATOR, MEMORY, Machine
from network import Refused, arguments as network_arguments
from places import Places

MIB = 1 << 20
TOP = pathlib.Path(__file__).resolve().parents[2]
PICTURE = re.compile(r'[A-Za-z0-9_-][A-Za-z0-9_.-]*\.png')
LABEL = re.compile(r'\[([^\]]+)\] ')
STARTED = re.compile(r'start /proc/self/fd/\d+: ')  # the kernel's last words, without an end of line
KERNEL = re.compile(r'irq handler \[|unexpected ACK from keyboard')  # and what it says all the same


def die(text, status=1):
    print(f'seedbed: {text}', file=sys.stderr)
    sys.exit(status)


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a call in the words of the command for Linux."""

    def error(self, message):
        if match := re.fullmatch(r'unrecognized arguments: (\S*).*', message, re.DOTALL):
            message = f'{"unknown option" if match[1].startswith("-") else "more than one scenario:"} {match[1]}'
        elif match := re.fullmatch(r'argument (--[a-z]+): expected one argument', message):
            message = f'a value is missing after {match[1]}'
        die(f'{message} (./seedbed help tells more)', 2)


def seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f'expected a number of seconds above 0, found {text or "nothing"}')
    return value


def png(text):
    if not text.endswith('.png') or len(text) < 5:
        raise argparse.ArgumentTypeError(
            f'a picture is a PNG file: expected a name that ends in .png, found {text or "nothing"}')
    return pathlib.Path(text)


def arguments():
    parser = Parser(prog='seedbed run --platform mach', allow_abbrev=False)
    parser.add_argument('build', type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument('scenario', nargs='?', default='default', help='a file, or the name of one in scenarios/')
    parser.add_argument('--headless', action='store_true', help='without a window; the picture goes to a file')
    parser.add_argument('--shot', type=png, metavar='FILE.png', help='that file')
    parser.add_argument('--for', type=seconds, dest='duration', metavar='SECONDS', help='ends by itself')
    parser.add_argument('--no-spin', action='store_true', help='of no effect here: no call waits awake')
    parser.add_argument('--wish', action='append', default=[], help=argparse.SUPPRESS)
    parser.add_argument('--wishes', action='store_true', help=argparse.SUPPRESS)
    parser.add_argument('--books', action='store_true', help=argparse.SUPPRESS)
    parser.add_argument('--check', action='store_true', help=argparse.SUPPRESS)
    parser.add_argument('--memory', type=int, default=MEMORY, help=argparse.SUPPRESS)
    parser.add_argument('--cut', type=int, help=argparse.SUPPRESS)
    return parser.parse_intermixed_args()


def find_scenario(name):
    """A file as it is named, or NAME.yaml of the scenarios folder."""
    path = pathlib.Path(name)
    if not path.exists() and name and '/' not in name and '.yaml' not in name:
        path = TOP / 'scenarios' / f'{name}.yaml'
    if not name or not path.exists():
        die(f'no scenario "{name}": no such file, and none of that name in {TOP / "scenarios"}')
    if not path.is_file():
        die(f'scenario {path}: {"is a folder" if path.is_dir() else "is no ordinary file"}')
    try:
        return path, path.read_bytes()
    except OSError as error:
        die(f'scenario {path}: {error.strerror}')


def window(options):
    """QEMU's -display, and why there is no window if there is none."""
    if options.check:
        return 'none', 'nothing is started'
    if options.headless:
        return 'none', 'no window'
    if not os.environ.get('DISPLAY') and not os.environ.get('WAYLAND_DISPLAY'):
        return 'none', 'there is no display, so there will be no window'
    known = subprocess.run([EMULATOR, '-display', 'help'], capture_output=True, text=True, check=False).stdout.split()
    for name in ('gtk', 'sdl'):
        if name in known:
            return name, None
    return 'none', 'QEMU has no window here (package qemu-system-gui), so there will be no window'


def make_archive(options, components, scenario, name, headless):
    """The scenario, what core and init have to know of this run, and the programs and files that the scenario names."""
    shown = str(name) if len(str(name)) <= 128 else name.name
    run = f'mode: {"headless" if headless else "display"}\nfile: {"".join(c if c >= " " else "?" for c in shown)}\n'
    if options.shot or (headless and not options.check):
        run += f'shot: {"wanted" if options.shot else "possible"}\n'
    if options.books:
        run += 'books: true\n'
    if options.check:
        run += 'check: true\n'
    named, missing = named_files(scenario, name)
    for text in missing:
        print(f'seedbed: {text}', file=sys.stderr)
    files = {'config': scenario, 'run': run.encode(), 'random-seed': os.urandom(32)}
    data = archive(programs(components, scenario) | named | files)
    if len(data) > options.memory * MIB // 2:
        die(f'programs and files of the scenario have {len(data) // MIB} MiB, more than half of the machine\'s memory')
    return data if options.cut is None else data[:options.cut]


def replace(path, data):
    """A file PATH with DATA, whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except OSError:
            os.unlink(file.name)
            raise


class Run:
    def __init__(self, options):
        self.options = options
        self.components = options.build / 'components'
        self.shot = options.shot or self.default_shot()
        self.places = Places(self.program, TOP)
        self.colours = sys.stdout.isatty() and not os.environ.get('NO_COLOR')
        self.began = False
        self.asked = 0
        self.ended_here = False
        self.failed = False
        self.told = []   # lines about the network
        self.early = []  # what came before the first line of ours: the kernel's own messages

    @staticmethod
    def default_shot():
        folder = os.environ.get('XDG_RUNTIME_DIR')
        here = os.access('.', os.W_OK) or not folder
        return pathlib.Path('' if here else folder) / 'seedbed-shot.png'

    def program(self, name):
        for path in (self.components / name, self.options.build / 'base-mach/core' / name):
            if path.is_file():
                return path
        return None

    def check_shot(self):
        folder = self.shot.parent
        why = ('Is a directory' if self.shot.is_dir() else 'Permission denied' if folder.exists()
               else 'No such file or directory')
        if self.shot.is_dir() or not os.access(folder, os.W_OK):
            die(f'no picture can be saved as {self.shot}: {why}')

    def save(self, name, data):
        """A picture, whole or not at all. NAME comes from a driver."""
        if name == 'shot':
            path = self.shot
        elif PICTURE.fullmatch(name):
            path = self.shot.parent / name
        else:
            return
        try:
            replace(path, data)
        except OSError as error:
            self.no_picture(f'{path}: {error.strerror}')
            return
        if name == 'shot':
            print(f'[core] picture in {path}', flush=True)

    def no_picture(self, text):
        self.failed = self.failed or self.options.shot is not None
        print(f'[core] no picture: {text}', flush=True)

    def show(self, text):
        match = LABEL.match(text) if self.colours else None
        text = self.places.text(text)
        if match:
            value = 0
            for byte in match[1].encode():
                value = (value * 31 + byte) & 0xffffffff
            text = f'\033[{31 + value % 6}m[{match[1]}]\033[0m {text[match.end():]}'
        try:
            print(text, flush=True)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            self.end()

    def line(self, text):
        if not self.began:
            start = STARTED.match(text)
            if not start:
                self.early.append(text)
                return
            text = text[start.end():]
            self.begin()
        if text and not KERNEL.match(text):
            self.show(text)

    def begin(self):
        self.began = True
        for text in self.told:
            self.show(text)
        for wish in self.options.wish:
            self.machine.wish(wish)
        if self.options.wishes:
            threading.Thread(target=self.pass_wishes, daemon=True).start()
        if self.options.duration:
            timer = threading.Timer(self.options.duration, self.machine.wish, ['end'])
            timer.daemon = True
            timer.start()

    def pass_wishes(self):
        for text in sys.stdin:
            self.machine.wish(text.strip())

    def end(self, *_signal):
        """The first time in order if core can hear it, the third time at once."""
        self.asked += 1
        if self.asked > 2 or not self.machine.listening:
            self.ended_here = True
            self.machine.kill()
        else:
            self.machine.wish('end')

    def run(self):
        options = self.options
        if not shutil.which(EMULATOR):
            die(f'{EMULATOR} is missing (packages.txt lists what is needed)')
        path, scenario = find_scenario(options.scenario)
        if options.shot:
            self.check_shot()
        display, why = window(options)
        if why and not options.check:
            print(f'seedbed: {why}; the picture of the screen will be in {self.shot}', file=sys.stderr)
        data = make_archive(options, self.components, scenario, path, why is not None)
        try:
            network, self.told = ([], []) if options.check else network_arguments(scenario)
        except Refused as error:
            print(error, flush=True)
            die('the machine cannot have the network that the scenario wants')
        self.machine = Machine(str(options.build / 'toolchain/gnumach'),
                               stripped(options.build / 'base-mach/core/core'), data, display, options.memory,
                               self.save, self.no_picture, network=network)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.end)
        for text in self.machine.console():
            self.line(text)
        return self.judge(self.machine.status())

    def judge(self, status):
        """The exit status, and what is to be said of an end that was none of core's."""
        if status is not None:
            return status or int(self.failed)
        if self.ended_here:
            return 130
        if not self.began:
            print('\n'.join(self.early[-20:]), file=sys.stderr)
        complaints = self.machine.complaints.decode('utf-8', 'replace').strip()
        if complaints:
            print(f'seedbed: QEMU says: {complaints}', file=sys.stderr)
        why = 'the machine has ended unexpectedly'
        if self.machine.hung:
            why = f'the kernel has stopped: {self.machine.hung}'
        print(f'seedbed: {why}', file=sys.stderr)
        return 1


if __name__ == '__main__':
    try:
        sys.exit(Run(arguments()).run())
    except KeyboardInterrupt:
        sys.exit(130)
