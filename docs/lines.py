#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Lines of the sources that a running system was made from, by folder: docs/lines.py BUILD [COMPONENT...]

Without COMPONENTs, those of the default scenario. What counts is each .c file that is linked into core or into one of
them, once, as the debug information of the programs names them; files of base-mach/libc, which has none, are known by
their symbols. Libraries of others do not count, nor do headers. `code` is lines with more than blanks and comments in
them, `all` is what wc -l says.
"""

import collections
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[1]
DEFAULT = ('init', 'timer', 'gui', 'paint', 'display')
PLATFORM = ('base-linux', 'base-mach', 'drivers-sdl')
UNIT = re.compile(r'DW_AT_name\s*:(?: \(.*?\):)? (\S+\.c)$', re.M)
FILE = re.compile(r' FILE .* (\S+\.c)$', re.M)
COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|/\*.*?\*/|//[^\n]*', re.S)


def readelf(program, *options):
    return subprocess.run(['readelf', *options, program], capture_output=True, text=True, check=True).stdout


def units(program, build):
    """The source files of this project that PROGRAM was compiled from."""
    found = UNIT.findall(readelf(program, '--debug-dump=info', '--dwarf-depth=1'))
    unnamed = collections.Counter(FILE.findall(readelf(program, '--symbols', '--wide')))
    unnamed -= collections.Counter(name.rpartition('/')[2] for name in found)
    paths = {(build / name).resolve() for name in found} | {TOP / 'base-mach/libc' / name for name in unnamed}
    return {path for path in paths if path.is_relative_to(TOP) and not path.is_relative_to(build) and path.exists()}


def count(path):
    text = path.read_text()
    bare = COMMENT.sub(lambda match: match[0] if match[0][0] == '"' else '\n' * match[0].count('\n'), text)
    return sum(1 for line in bare.splitlines() if line.strip()), text.count('\n')


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1]).resolve()
    core = next(path for path in (build / 'base-mach/core/core', build / 'base-linux/command/seedbed') if path.exists())
    programs = [core, *(build / 'components' / name for name in sys.argv[2:] or DEFAULT)]
    folders = collections.defaultdict(lambda: [0, 0, 0])
    for path in set().union(*(units(program, build) for program in programs)):
        folder = folders['/'.join(path.relative_to(TOP).parts[:-1][:2])]
        for i, number in enumerate((1, *count(path))):
            folder[i] += number
    print(f'{"folder":24}{"files":>7}{"code":>8}{"all":>8}')
    for name, numbers in sorted(folders.items()):
        print(f'{name:24}{numbers[0]:7}{numbers[1]:8}{numbers[2]:8}')
    for what, test in (('of one platform', True), ('of all platforms', False)):
        own = [numbers for name, numbers in folders.items() if name.startswith(PLATFORM) is test]
        print(f'{what:24}' + ''.join(f'{sum(column):{width}}' for column, width in zip(zip(*own), (7, 8, 8))))


if __name__ == '__main__':
    main()
