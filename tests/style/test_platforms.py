# SPDX-License-Identifier: BSD-2-Clause
"""Checks that all platforms build their components from the same source files. Writes TAP.

    test_platforms.py BUILD CC

BUILD is a build of another platform than Linux; the same sources are configured for Linux with CC, and not built.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from sources import TOP, fail_with

sys.path.insert(0, str(TOP / 'tests' / 'runner'))
import tap  # pylint: disable=wrong-import-position,import-error

BUILD = pathlib.Path(sys.argv[1])
CC = sys.argv[2]

# Platforms have these, or others of these names, for themselves; all other components are the same.
OWN = {
    'display': 'the driver of what the platform has as a screen',
    'uplink-user': 'the driver of what the platform has as a way out',
    'uplink-tap': "of the host's devices",
    'uplink-unix': "of the host's sockets",
    'network_probe': "asks for the host's sockets",
    'attacker': 'goes below the library on Linux',
    'rogue': 'goes below the library on Linux',
}
SHARED_FOLDERS = ('os', 'net', 'apps')


def targets(build):
    done = subprocess.run(['meson', 'introspect', '--targets', build], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def sources_of(target):
    return sorted(os.path.relpath(source, TOP) for group in target['target_sources'] for source in group['sources'])


def defines_of(target):
    """What is defined for the preprocessor, but what is the same for a whole platform."""
    return sorted({word for group in target['target_sources'] for word in group['parameters'] if word.startswith('-D')}
                  - {'-D_FILE_OFFSET_BITS=64'})


def components(build):
    """Components of the platform that are not made of its own folder, by name."""
    found = {}
    for target in targets(build):
        folder = pathlib.Path(target['defined_in']).parent.relative_to(TOP)
        sources = sources_of(target)
        own = all(source.startswith('base-') for source in sources)
        if target['type'] == 'executable' and folder.match('base-*/components') and not own:
            found[target['name']] = (sources, defines_of(target))
    return found


def libraries(build):
    """Libraries that are made of what all platforms share, by name."""
    return {target['name']: (sources_of(target), defines_of(target)) for target in targets(build)
            if target['type'] == 'static library'
            and pathlib.Path(target['defined_in']).relative_to(TOP).parts[0] in SHARED_FOLDERS}


def configured_for_linux():
    """A folder of which the test program's end removes everything."""
    folder = tempfile.TemporaryDirectory(prefix='platforms-')
    environment = {**os.environ, 'CC': CC}
    done = subprocess.run(['meson', 'setup', folder.name, str(TOP), f'-Dlwip={BUILD}/sources/lwip'], env=environment,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


LINUX = configured_for_linux()


def differences(here, linux):
    for name in sorted(here.keys() | linux.keys()):
        if name in OWN:
            continue
        if name not in here or name not in linux:
            yield f'{name}: only on {"Linux" if name in linux else "the other platform"}'
        for what, ours, theirs in zip(('sources', 'definitions'), here.get(name, ()), linux.get(name, ())):
            if ours != theirs:
                yield f'{name}: other {what} than on Linux: {sorted(set(ours) ^ set(theirs))}'


def components_have_the_same_sources():
    here, linux = components(BUILD), components(LINUX.name)
    assert len(linux) > 10, f'only {len(linux)} components were found'
    fail_with(differences(here, linux))


def shared_libraries_have_the_same_sources():
    here, linux = libraries(BUILD), libraries(LINUX.name)
    assert len(linux) >= 3, f'only {len(linux)} libraries were found'
    fail_with(differences(here, linux))


def differences_are_found():
    one, two = {'a': (['x.c'], []), 'b': (['y.c'], []), 'c': ([], ['-DA'])}, {'a': (['x.c'], []), 'c': ([], [])}
    assert len(list(differences(one, two))) == 2
    assert not list(differences(one, one))


if __name__ == '__main__':
    try:
        tap.run_tests([components_have_the_same_sources, shared_libraries_have_the_same_sources, differences_are_found])
    finally:
        LINUX.cleanup()
