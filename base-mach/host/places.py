# SPDX-License-Identifier: BSD-2-Clause
"""Places in the source for the addresses in a machine's messages.

The machine writes @{PROGRAM ADDRESS ...}: the instruction, then what are likely calls that led there. A person gets
"function at file:line" of the first address that has a line, as on Linux.
"""

import os
import re
import shutil
import subprocess

TOKEN = re.compile(r'@\{([A-Za-z0-9_.-]+)((?: 0x[0-9a-f]+)+)\}')


class Places:
    def __init__(self, programs, top):
        """PROGRAMS finds the file of a program by its name, or None; paths are shown relative to TOP."""
        self.programs = programs
        self.top = os.path.realpath(top) + os.sep
        self.tool = shutil.which('addr2line')

    def text(self, line):
        """LINE with places instead of addresses."""
        return TOKEN.sub(self._place, line)

    def _lookup(self, path, addresses):
        found = subprocess.run([self.tool, '-f', '-e', path, *addresses], capture_output=True, text=True, check=False,
                               timeout=20)
        lines = found.stdout.splitlines()
        return list(zip(lines[::2], lines[1::2]))

    def _place(self, match):
        addresses = match[2].split()
        path = self.programs(match[1])
        if not path or not self.tool:
            return addresses[0]
        known = ''
        for function, place in self._lookup(path, addresses):
            file, _, number = place.split(' ')[0].rpartition(':')
            if number.isdigit() and not file.startswith('?'):
                file = os.path.normpath(file).removeprefix(self.top)
                return f'{function if function != "??" else "unknown function"} at {file}:{number}'
            known = known or ('' if function == '??' else function)
        return known or addresses[0]
