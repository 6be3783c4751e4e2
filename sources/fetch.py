# SPDX-License-Identifier: BSD-2-Clause
"""Fetches what others have written from Debian, pinned and checked, without a trace on the machine but in the user's
cache. Used by the scripts that ./seedbed calls before it configures: make beside this, base-mach/toolchain/make."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile


class Failure(Exception):
    """What could not be done, for a person to read."""


def say(text):
    """Tells a person at the terminal."""
    print(f'seedbed: {text}', file=sys.stderr, flush=True)


def read_pins(path):
    """Of each line of the file PATH: name, and a dictionary of the rest."""
    fields = ('how', 'version', 'sha256', 'file')
    lines = [line.split() for line in path.read_text().splitlines() if line and line[0] != '#']
    return {line[0]: dict(zip(fields, line[1:]), pins=path) for line in lines}


def hash_of(path):
    """The SHA256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(log, command, **options):
    """Runs COMMAND with its output in LOG, and ends all that it has started if we are interrupted."""
    with open(log, 'a', encoding='utf-8') as out:
        out.write(f'$ {shlex.join(map(str, command))}\n')
        out.flush()
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                              env={**os.environ, 'LC_ALL': 'C'}, **options) as child:
            try:
                status = child.wait()
            except BaseException:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                raise
    return status


def must_run(log, command, **options):
    """The same, and it must succeed."""
    if run(log, command, **options):
        tail = '\n'.join(log.read_text(errors='replace').splitlines()[-20:])
        raise Failure(f'{tail}\n{shlex.join(map(str, command))[:200]} has failed (above)')


@contextlib.contextmanager
def locked(folder):
    """Only one at a time works in FOLDER. The lock is on the folder itself and leaves no file behind."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f'another ./seedbed is working in {folder}; waiting for it')
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Apt:
    """apt-get with sources, lists and a package state of its own: those of the machine stay as they are. Binary
    packages are those for i386."""

    def __init__(self, folder, log):
        self.log = log
        self.config = folder / 'apt.conf'
        for name in ('state/lists/partial', 'cache/archives/partial', 'sources'):
            (folder / name).mkdir(parents=True)
        (folder / 'status').touch()
        for path in [pathlib.Path('/etc/apt/sources.list'), *pathlib.Path('/etc/apt/sources.list.d').glob('*')]:
            if path.suffix in ('.list', '.sources'):
                self.copy_sources(path, folder / 'sources' / path.name)
        self.config.write_text('\n'.join((
            f'Dir::State "{folder}/state";', f'Dir::State::status "{folder}/status";', f'Dir::Cache "{folder}/cache";',
            'Dir::Etc::sourcelist "/dev/null";', f'Dir::Etc::sourceparts "{folder}/sources";',
            'APT::Architecture "i386";', '#clear APT::Architectures;', 'APT::Architectures { "i386"; };',
            # what the machine does after an update is about its own lists
            '#clear APT::Update;', 'APT::Sandbox::User "root";', 'Acquire::Languages "none";', '')))
        self.updated = False

    @staticmethod
    def copy_sources(path, copy):
        """Copies apt's sources, with source packages, and for all processors."""
        try:
            text = path.read_text()
        except (FileNotFoundError, PermissionError):
            return
        if path.suffix == '.sources':
            text = re.sub(r'^Architectures:.*\n', '', text, flags=re.MULTILINE)
            text = re.sub(r'^Types:.*', 'Types: deb deb-src', text, flags=re.MULTILINE)
        else:
            lines = {re.sub(r'\barch[-+]?=\S*?(?=[\s\]])', '', line) for line in text.splitlines()
                     if re.match(r'deb(-src)?\s', line)}
            lines |= {re.sub(r'^deb\s', 'deb-src ', line) for line in lines}
            text = '\n'.join(sorted(lines)) + '\n'
        copy.write_text(text)

    def fetch(self, name, pin, folder):
        """Puts what PIN says into FOLDER. Its checksum is the caller's business."""
        if not self.updated:
            # part of it may fail, for we look at sources that have neither i386 nor source packages
            run(self.log, ['apt-get', '-c', self.config, '-q', 'update'])
            self.updated = True
        how = ['download'] if pin['how'] == 'binary' else ['source', '--download-only', '--tar-only']
        if run(self.log, ['apt-get', '-c', self.config, '-q', *how, f'{name}={pin["version"]}'], cwd=folder):
            tail = '\n'.join(self.log.read_text(errors='replace').splitlines()[-12:])
            raise Failure(f'{tail}\n{name} {pin["version"]} cannot be fetched (above). Is there a network? Has this '
                          f'release that version, which is in {pin["pins"]}?')


def check_sum(path, pin):
    """Fails if PATH is not the file that PIN means."""
    found = hash_of(path)
    if found != pin['sha256']:
        raise Failure(f'{path} is not the file that is wanted.\n  SHA256 expected {pin["sha256"]}\n'
                      f'  SHA256 found    {found}')


def collect(pins, store, work, log):
    """{name: path} of what is pinned, checked. What is fetched stays in the folder files of STORE."""
    apt = None
    found = {}
    (store / 'files').mkdir(exist_ok=True)
    for name, pin in pins.items():
        if pin['how'] == 'installed':
            path = pathlib.Path(pin['file'])
            if not path.exists():
                raise Failure(f'{path} is missing (packages.txt lists what is needed)')
        else:
            path = store / 'files' / f'{pin["sha256"][:16]}-{pin["file"]}'
            if not path.exists() or hash_of(path) != pin['sha256']:
                apt = apt or Apt(work / 'apt', log)
                folder = work / 'fetched' / name
                folder.mkdir(parents=True)
                apt.fetch(name, pin, folder)
                fetched = folder / pin['file']
                if not fetched.exists():
                    raise Failure(f'{name} {pin["version"]} has come without {pin["file"]}')
                check_sum(fetched, pin)
                fetched.rename(path)
        check_sum(path, pin)
        found[name] = path
    return found


def unpack(archive, folder):
    """The one folder that ARCHIVE has, unpacked into FOLDER."""
    folder.mkdir()
    with tarfile.open(archive) as tar:
        tar.extractall(folder)
    return next(folder.iterdir())


def store_of(name, folder):
    """Where NAME is kept: in the user's cache if there is one, else beside FOLDER."""
    home = os.environ.get('XDG_CACHE_HOME') or (os.environ.get('HOME') and f'{os.environ["HOME"]}/.cache')
    if home and os.path.isabs(home):
        store = pathlib.Path(home) / 'seedbed' / name
        with contextlib.suppress(OSError):
            store.mkdir(parents=True, exist_ok=True)
            if os.access(store, os.W_OK):
                return store
    store = folder.with_name(f'{folder.name}-store')
    store.mkdir(parents=True, exist_ok=True)
    return store


def provide(store, key, log, pins, build):
    """The folder `key` of STORE, made if it is not there by BUILD(work, files), which returns it, out of what is pinned
    in PINS. It appears in STORE complete or not at all."""
    with locked(store):
        # what one that was killed has left; whoever works here has the lock
        for path in store.glob('tmp-*'):
            shutil.rmtree(path, ignore_errors=True)
        if not (store / key).exists():
            say(f'fetching and checking {", ".join(pins)}')
            with tempfile.TemporaryDirectory(prefix='tmp-', dir=store) as work:
                work = pathlib.Path(work)
                build(work, collect(pins, store, work, log)).rename(store / key)
    return store / key


def install(made, folder):
    """Copies MADE, a folder of a store, to FOLDER, which changes at once or not at all."""
    with tempfile.TemporaryDirectory(prefix=f'.{folder.name}-', dir=folder.parent) as work:
        shutil.copytree(made, f'{work}/new')
        (pathlib.Path(work) / 'new' / 'key').write_text(f'{made.name}\n')
        if folder.exists():
            folder.rename(f'{work}/old')
        os.rename(f'{work}/new', folder)
