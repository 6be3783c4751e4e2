# SPDX-License-Identifier: BSD-2-Clause
"""The boot archive: the ROM modules of a machine, in the format "newc" of cpio (see the manual page cpio(5))."""

import pathlib
import re
import subprocess
import tempfile

import yaml

SECTOR = 512  # the kernel's memory disk is read in these
MODULE = re.compile(r'[A-Za-z0-9_.-]{1,63}')  # a name that core knows


def member(name, data):
    """DATA, bytes, as the file NAME of an archive."""
    fields = (0, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b'070701' + b''.join(b'%08x' % field for field in fields) + name.encode() + b'\0'
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def archive(files):
    """The archive of FILES, a dictionary of names and bytes."""
    data = b''.join(member(name, content) for name, content in files.items()) + member('TRAILER!!!', b'')
    return data + bytes(-len(data) % SECTOR)


def stripped(program):
    """The content of PROGRAM without what only a debugger reads."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(['strip', '-o', file.name, program], check=True)
        return pathlib.Path(file.name).read_bytes()


def programs(components, scenario):
    """Those of the folder COMPONENTS that SCENARIO, bytes, names in any place, and init, as files of an archive."""
    words = {word.decode() for word in re.findall(rb'[A-Za-z0-9_.-]+', scenario)} | {'init'}
    return {path.name: stripped(path) for path in sorted(components.iterdir()) if path.is_file() and path.name in words}


def named_files(scenario, path):
    """What SCENARIO, the bytes of the file PATH, names in `files:`, as files of an archive, and what is missing.

    Paths are relative to the scenario's folder, as on Linux. A scenario that cannot be read is for init to complain
    about.
    """
    try:
        tree = yaml.load(scenario, yaml.BaseLoader)  # text only, as init has it
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}, []
    named = tree.get('files') if isinstance(tree, dict) else None
    files, missing = {}, []
    for name, text in named.items() if isinstance(named, dict) else ():
        if not isinstance(name, str) or not MODULE.fullmatch(name) or not isinstance(text, str) or not text:
            continue
        file = pathlib.Path(path).parent / text
        try:
            if not file.is_file():
                file.stat()
                raise OSError(0, 'is no ordinary file')
            files[name] = file.read_bytes()
        except (OSError, ValueError) as error:
            missing.append(f'ROM module {name}: {file}: {getattr(error, "strerror", None) or error}')
    return files, missing
