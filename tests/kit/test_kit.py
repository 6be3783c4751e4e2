# SPDX-License-Identifier: BSD-2-Clause
"""Installs the kit, moves it, makes projects with it in each way, and removes it. Writes TAP.

    test_kit.py BUILD

Each test goes on where the one before it has ended.
"""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(TOP / 'tests' / 'runner'))
import tap  # pylint: disable=wrong-import-position,import-error

BUILD = pathlib.Path(sys.argv[1])
SCRATCH = pathlib.Path(tempfile.mkdtemp(prefix='kit-'))
STAGE = SCRATCH / 'stage'
MOVED = SCRATCH / 'moved'
LOG = BUILD / 'meson-logs' / 'install-log.txt'
NOBODY = 65534
NAME = 'my_clock'
SAYS = f'[{NAME}_client] 1 + 2 + 3 + 4 = 10'

# what is the user's own must not matter
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if name not in ('CC', 'CFLAGS', 'LDFLAGS', 'PKG_CONFIG_PATH', 'DESTDIR', 'DISPLAY', 'WAYLAND_DISPLAY',
                               'MAKEFLAGS', 'MAKELEVEL', 'MFLAGS')}


def options():
    done = subprocess.run(['meson', 'introspect', '--buildoptions', str(BUILD)], capture_output=True, text=True,
                          check=True)
    return {option['name']: option['value'] for option in json.loads(done.stdout)}


OPTIONS = options()
INSTALLED = STAGE / OPTIONS['prefix'].lstrip('/')


def run(*command, status=0, cwd=None, **more):
    """Runs a command, which has to end with STATUS; returns all that it prints."""
    extra = more.pop('env', {})
    done = subprocess.run([str(word) for word in command], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='replace', check=False,
                          env={**ENVIRONMENT, **extra}, **more)
    words = ' '.join(str(word) for word in command)
    assert done.returncode == status, f'{words}: ended with status {done.returncode}\n{done.stdout[-3000:]}'
    return done.stdout


def command(kit):
    return kit / OPTIONS['bindir'] / 'seedbed'


def seedbed(*arguments, kit=MOVED, **more):
    return run(command(kit), *arguments, **more)


def in_path(kit=MOVED):
    return {'PATH': f'{kit / OPTIONS["bindir"]}:{ENVIRONMENT["PATH"]}'}


def packages(*arguments):
    return run('pkg-config', *arguments, env={'PKG_CONFIG_PATH': seedbed('kit', 'pkgconfig').strip()}).split()


def files(folder):
    return sorted(path for path in folder.rglob('*') if not path.is_dir())


def the_kit_is_installed():
    run('meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet', '--destdir', STAGE)
    shutil.copy(LOG, SCRATCH / 'install-log')
    components = INSTALLED / OPTIONS['libexecdir'] / 'seedbed' / 'components'
    headers = INSTALLED / OPTIONS['includedir'] / 'seedbed'
    for path in (command(INSTALLED), components / 'init', components / 'timer', headers / 'os' / 'component.h',
                 headers / 'inproc' / 'inproc.h'):
        assert path.exists(), f'{path} is missing'
    assert not (components / 'attacker').exists(), 'components of tests are installed'
    for path in (TOP / 'os' / 'include' / 'os').iterdir():
        assert (headers / 'os' / path.name).exists(), f'{path.name} is missing'


def manual_pages_completion_and_schema_are_installed():
    share = INSTALLED / OPTIONS['datadir']
    schema = json.loads((share / 'seedbed' / 'scenario.schema.json').read_text(encoding='utf-8'))
    assert 'start' in schema['properties'], schema
    for completion in ('bash-completion/completions/seedbed', 'zsh/site-functions/_seedbed',
                       'fish/vendor_completions.d/seedbed.fish'):
        assert (share / completion).exists(), completion
    if not shutil.which('scdoc'):
        raise tap.Skip('scdoc is not installed')
    for section, name in ((1, 'seedbed.1'), (5, 'seedbed-scenario.5'), (7, 'seedbed.7')):
        assert (INSTALLED / OPTIONS['mandir'] / f'man{section}' / name).exists(), name


def it_runs_systems():
    assert 'server says: Hello, world! (call 1)' in seedbed('run', 'hello', '--headless', kit=INSTALLED)


def ordinary_users_run_systems():
    if os.getuid():
        raise tap.Skip('this user is one already')
    for folder in (SCRATCH, *SCRATCH.relative_to('/').parents):
        folder = pathlib.Path('/') / folder
        if folder != pathlib.Path('/') and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    text = seedbed('run', 'hello', '--headless', kit=INSTALLED, user=NOBODY, group=NOBODY, extra_groups=[], cwd='/')
    assert 'server says: Hello, world! (call 1)' in text, text


def nothing_in_it_says_where_it_was_built():
    """But for what debuggers read, and the root of the sources, relative to which places in them are shown."""
    for path in files(INSTALLED):
        copy = path
        if path.parent.name in ('components', 'bin') or path.suffix == '.a':
            copy = SCRATCH / 'stripped'
            run('strip', '--strip-debug', '-o', copy, path)
        content = copy.read_bytes()
        for place in (BUILD, STAGE, INSTALLED):
            assert str(place).encode() not in content, f'{path.relative_to(STAGE)} names {place}'
    (SCRATCH / 'stripped').unlink()


def it_can_be_moved():
    INSTALLED.rename(MOVED)
    assert 'server says: Hello, world! (call 1)' in seedbed('run', 'hello', '--headless')
    for line in seedbed('kit').splitlines():
        path = line.split(': ', 1)[1]
        assert path.startswith(f'{MOVED}/') and os.path.exists(path), line
    assert 'unknown place header; did you mean headers?' in seedbed('kit', 'header', status=2)


def new_makes_a_project():
    text = seedbed('new', NAME, '--dir', SCRATCH)
    assert f'make test SEEDBED={command(MOVED)}' in text, text
    assert 'SEEDBED=' not in seedbed('new', 'other', cwd=SCRATCH, env=in_path())
    made = sorted(path.name for path in (SCRATCH / NAME).iterdir())
    template = sorted(path.name.replace('skeleton', NAME) for path in (TOP / 'kit' / 'template').iterdir())
    assert made == template, made
    for path in files(SCRATCH / NAME):
        text = path.read_text(encoding='utf-8')
        assert not re.search('skeleton|SPDX', text, re.IGNORECASE), path
        assert path.suffix != '.c' or text.startswith('/*'), path
    assert 'OS_SESSION(my_clock, "MyClock"' in (SCRATCH / NAME / f'{NAME}.h').read_text(encoding='utf-8')


def new_refuses_what_is_there():
    (SCRATCH / NAME / 'main.c').touch()
    before = {path: path.stat().st_mtime_ns for path in files(SCRATCH / NAME)}
    text = seedbed('new', NAME, cwd=SCRATCH, status=1)
    assert text == f'seedbed: cannot make the folder {NAME}: File exists\n', text
    assert before == {path: path.stat().st_mtime_ns for path in files(SCRATCH / NAME)}
    assert 'No such file' in seedbed('new', 'clock', '--dir', SCRATCH / 'none', status=1)


def new_refuses_bad_names():
    for name, why in {
            '': 'found nothing', 'Clock': 'small letters', '1st': 'small letters', 'my-clock': 'small letters',
            '../clock': 'small letters', 'a' * 33: 'small letters', 'int': 'means something else',
            'clean': 'means something else', 'os_clock': 'begin with os_', 'timer': 'in the kit: timer'}.items():
        text = seedbed('new', name, status=2, cwd=SCRATCH)
        assert why in text and text.startswith('seedbed: ') and text.count('\n') == 1, text
    assert 'new takes one name' in seedbed('new', status=2)
    assert 'more than one name' in seedbed('new', 'a', 'b', status=2)
    assert 'unknown option --die; did you mean --dir?' in seedbed('new', 'a', '--die=x', status=2)
    assert not (SCRATCH / 'a').exists()


def new_leaves_nothing_behind_when_it_fails():
    def full():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    text = seedbed('new', 'clock', cwd=SCRATCH, status=1, preexec_fn=full, restore_signals=False)
    assert 'File too large' in text, text
    assert not (SCRATCH / 'clock').exists()


def any_other_name_compiles():
    names = ['a', 'add', 'app', 'check', 'client', 'ops', 'root', 'server', 'session', 'string', 'suite', 'sum', 'sem']
    names.remove('check')  # which is a target of the Makefile
    flags = packages('--cflags', 'seedbed-test')
    for name in names:
        seedbed('new', name, cwd=SCRATCH)
        run('gcc', '-std=gnu17', '-Wall', '-Wextra', '-Wno-unused-parameter', '-Werror', '-fsyntax-only', *flags,
            'main.c', 'client.c', 'test.c', cwd=SCRATCH / name)
        shutil.rmtree(SCRATCH / name)


def with_make(compiler):
    """The project NAME by make with COMPILER."""
    make = ['make', f'SEEDBED={command(MOVED)}', f'CC={compiler}', f'OUT=out-{compiler}', 'CFLAGS=-O2 -g -Werror']
    text = run(*make, 'test', cwd=SCRATCH / NAME)
    assert text.rstrip().endswith('1..5') and 'not ok' not in text, text
    text = run(*make, 'check', 'run', cwd=SCRATCH / NAME)
    assert f'{NAME}.yaml: ok' in text and SAYS in text, text


def make_and_gcc_build_it():
    with_make('gcc')


def make_and_clang_build_it():
    if not shutil.which('clang'):
        raise tap.Skip('clang is not installed')
    with_make('clang')


def make_says_which_command_is_missing():
    text = run('make', 'SEEDBED=/none/seedbed', cwd=SCRATCH / NAME, status=2)
    assert 'the command /none/seedbed tells of no kit' in text, text
    run('make', 'SEEDBED=/none/seedbed', 'OUT=out-clang', 'clean', cwd=SCRATCH / NAME)
    assert not (SCRATCH / NAME / 'out-clang').exists()


def meson_builds_it():
    pkgconfig = seedbed('kit', 'pkgconfig').strip()
    run('meson', 'setup', '--werror', '--pkg-config-path', pkgconfig, 'build', cwd=SCRATCH / NAME)
    text = run('meson', 'test', '-C', 'build', '--print-errorlogs', cwd=SCRATCH / NAME)
    assert re.search(r'^Ok: +2 *$', text, re.MULTILINE), text
    text = seedbed('run', f'{NAME}.yaml', '--components', 'build', '--headless', cwd=SCRATCH / NAME)
    assert SAYS in text, text


def folders_of_components_are_searched_in_order():
    project = SCRATCH / NAME
    empty = project / 'empty'
    empty.mkdir()
    folders = f'{empty}:{project / "build"}'
    assert SAYS in seedbed('run', project / f'{NAME}.yaml', '--components', folders, '--headless')
    text = seedbed('check', project / f'{NAME}.yaml', status=2)
    assert f'{NAME}.yaml:' in text and NAME in text, text
    text = seedbed('check', project / f'{NAME}.yaml', '--components', project / 'none', status=1)
    assert text == f'seedbed: --components {project / "none"}: No such file or directory\n', text
    text = seedbed('check', project / f'{NAME}.yaml', '--components', project / 'main.c', status=1)
    assert 'Not a directory' in text, text


def build_one(name, package):
    out = SCRATCH / NAME / 'out-gcc'
    flags = packages('--cflags', '--libs', package)
    more = ['-lm'] if name == 'driver' else []
    run('gcc', '-std=gnu17', '-g', '-Wall', '-Wextra', '-Werror', '-o', out / name, HERE / f'{name}.c',
        *flags, *more)
    return out


def run_one(scenario, out, **more):
    path = SCRATCH / 'one.yaml'
    path.write_text(scenario, encoding='utf-8')
    return seedbed('run', path, '--components', out, '--headless', **more)


def schemas_are_checked():
    for out in ('out-gcc', 'build'):
        text = run_one(f'start: {{ {NAME}: {{ config: {{ limit: 0 }} }} }}\n', SCRATCH / NAME / out, status=2)
        assert "one.yaml:1:32: limit '0', expected a number" in text, text
        text = run_one(f'start: {{ {NAME}: {{ config: {{ limits: 1 }} }} }}\n', SCRATCH / NAME / out, status=2)
        assert f"unknown key 'limits' of the config of {NAME}, expected 'limit'" in text, text


def drivers_use_libraries_of_the_system():
    out = build_one('driver', 'seedbed-driver')
    assert 'libm.so' in run('readelf', '-d', out / 'driver')
    text = run_one('start: { driver: { exit: ends-system } }\n', out)
    assert '[driver] cos(0) is 1' in text, text


def components_have_children():
    out = build_one('nest', 'seedbed-engine')
    text = run_one('start: { nest: { route: { PD: parent, ROM: parent }, exit: ends-system } }\n', out)
    assert 'the child has ended with status 0' in text and '1 + 2 + 3 + 4 = 10' in text, text


def faults_are_told_with_their_place():
    project = SCRATCH / 'other'
    source = project / 'main.c'
    text = source.read_text(encoding='utf-8').replace('    printf("adding', '    __builtin_trap();\n    printf("adding')
    source.write_text(text, encoding='utf-8')
    line = text[:text.index('__builtin_trap')].count('\n') + 1
    run('make', f'SEEDBED={command(MOVED)}', cwd=project)
    text = run_one('start: { other: { restart: never, exit: ends-system } }\n', project / 'out', status=1)
    assert f'in component_construct at {source}:{line}' in text, text


def uninstalling_leaves_nothing():
    MOVED.rename(INSTALLED)
    shutil.copy(SCRATCH / 'install-log', LOG)
    run('ninja', '-C', BUILD, 'uninstall')
    left = sorted(str(path.relative_to(STAGE)) for path in STAGE.rglob('*') if path.is_relative_to(INSTALLED))
    assert left in ([], [OPTIONS['prefix'].lstrip('/')]), left


def main():
    # whoever has installed from this build wants to uninstall that
    before = LOG.read_bytes() if LOG.exists() else None
    tests = [value for value in list(globals().values()) if callable(value) and value not in (
        options, run, command, seedbed, in_path, packages, files, with_make, build_one, run_one, main)
             and getattr(value, '__module__', '') == '__main__']
    try:
        tap.run_tests(tests)
    finally:
        if before is None:
            LOG.unlink(missing_ok=True)
        else:
            LOG.write_bytes(before)
        shutil.rmtree(SCRATCH)


main()
