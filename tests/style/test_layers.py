# SPDX-License-Identifier: BSD-2-Clause
"""Checks that the layers keep apart: what os/, net/ and apps/ include, test for and call. Writes TAP.

    test_layers.py BUILD

The list of C library functions that they may call is the block of code in docs/portability.md.
"""

import json
import pathlib
import re
import subprocess
import sys

import sources
from sources import TOP, fail_with

sys.path.insert(0, str(TOP / 'tests' / 'runner'))
import tap  # pylint: disable=wrong-import-position,import-error

BUILD = pathlib.Path(sys.argv[1])
PORTABLE = ('os', 'net', 'apps')

C_HEADERS = {name + '.h' for name in (
    'assert ctype errno float inttypes iso646 limits math setjmp stdalign stdarg stdatomic stdbool stddef stdint stdio '
    'stdlib stdnoreturn string tgmath uchar wchar wctype').split()}

# libraries that are part of no platform, and where they may be used
LIBRARIES = {'yaml.h': ('os/yaml', 'os/init', 'os/engine'), 'stb/stb_truetype.h': ('os', 'apps'),
             'stb/stb_image.h': ('os', 'apps'), 'stb/stb_image_write.h': ('os', 'apps')}
LIBRARY_SYMBOLS = re.compile(r'(yaml|stbi|stbtt)_')

# sources of libraries that are built here, wherever they are: they are for every platform like ours
FETCHED = re.compile(r'\blwip/src/.*')

# what compilers call by themselves, with or without their checks at run time
COMPILER_SYMBOLS = re.compile(r'_GLOBAL_OFFSET_TABLE_|__(a|ub|t)san_|__sanitizer_|__(u?(div|mod|divmod)[sdt]i[34])$|'
                              r'__stack_chk_fail|__x86\.|___tls_get_addr|__tls_get_addr|__start_|__stop_|__gcov|'
                              r'__popcount|__float|__fix|mcount|_DYNAMIC')

PLATFORM_MACRO = re.compile(r'^\s*#\s*(?:if|ifdef|ifndef|elif)\b.*\b(?:__linux__|__linux|linux|__unix__|__unix|'
                            r'__gnu_linux__|__APPLE__|__MACH__|__GNU__|__GLIBC__|__NEWLIB__|_NEWLIB_VERSION|'
                            r'__FreeBSD__|__NetBSD__|_WIN32)\b')
INCLUDE = re.compile(r'^\s*#\s*include\s*(?P<mark>[<"])(?P<name>[^>"]+)[>"]')


def portable_texts():
    for path, text in sources.texts('.c', '.h'):
        if path.parts[0] in PORTABLE:
            yield path, text


def allowed_include(path, mark, name):
    """Whether the file PATH may include NAME."""
    layer = path.parts[0]
    inside = [TOP / path.parent / name] if mark == '"' else []
    # the public API for all, what os/ shares with platforms for os/ itself
    inside += [TOP / 'os' / 'include' / name] + ([TOP / 'os' / name] if layer == 'os' else [])
    # networking's for those above it
    inside += [TOP / 'net' / 'include' / name] if layer in ('net', 'apps') else []
    for candidate in inside:
        candidate = candidate.resolve()
        if candidate.exists() and candidate.is_relative_to(TOP):
            home = candidate.relative_to(TOP)
            return home.parts[0] == layer or home.parts[:2] in (('os', 'include'), ('net', 'include'))
    if name in C_HEADERS:
        return True
    # lwIP's own API is open to those who have the stack
    if re.match(r'(lwip|netif)/', name):
        return layer in ('net', 'apps')
    return any(str(path).startswith(folder + '/') for folder in LIBRARIES.get(name, ()))


def sources_include_no_platform():
    fail_with(f'{path}:{number}: {line.strip()}' for path, text in portable_texts()
              for number, line in enumerate(text.splitlines(), 1)
              if (match := INCLUDE.match(line)) and not allowed_include(path, match['mark'], match['name']))


def sources_test_for_no_platform():
    fail_with(f'{path}:{number}: {line.strip()}' for path, text in portable_texts()
              for number, line in enumerate(text.splitlines(), 1) if PLATFORM_MACRO.match(line))


def drivers_include_the_public_api_only():
    """drivers-sdl/ is a client like apps/: nothing of os/ but its public headers."""
    private = re.compile(r'(?:platform|lib|core|init|engine|scenario|servers|linux_base)/')
    fail_with(f'{path}:{number}: {line.strip()}' for path, text in sources.texts('.c', '.h')
              if path.parts[0] == 'drivers-sdl' for number, line in enumerate(text.splitlines(), 1)
              if (match := INCLUDE.match(line)) and private.match(match['name']))


def objects():
    """(source, object) of what the portable layers are compiled to, fetched libraries too; one object for each."""
    found = {}
    for entry in json.loads((BUILD / 'compile_commands.json').read_text(encoding='utf-8')):
        folder = pathlib.Path(entry['directory'])
        source = (folder / entry['file']).resolve()
        if FETCHED.search(str(source)):
            found.setdefault(pathlib.Path(FETCHED.search(str(source))[0]), folder / entry['output'])
        elif source.is_relative_to(TOP) and source.relative_to(TOP).parts[0] in PORTABLE:
            found.setdefault(source.relative_to(TOP), folder / entry['output'])
    return sorted(found.items())


def symbols(path, kind):
    """Names in the object PATH that are KIND: undefined or defined."""
    if not path.exists():
        raise AssertionError(f'{path} is not built; build everything first')
    option = '--undefined-only' if kind == 'undefined' else '--defined-only'
    done = subprocess.run(['nm', '--extern-only', option, '--format=posix', path], stdout=subprocess.PIPE, text=True,
                          check=True)
    return {line.split()[0] for line in done.stdout.splitlines() if line}


def assembled():
    """Names that the assembly sources of the portable layers define; compile_commands.json has those of C only."""
    return {name for path, text in sources.texts('.S') if path.parts[0] in PORTABLE
            for name in re.findall(r'^\s*\.globl\s+(\w+)', text, re.MULTILINE)}


def c_library():
    """The names of the list in docs/portability.md."""
    text = (TOP / 'docs' / 'portability.md').read_text(encoding='utf-8')
    block = re.search(r'```\n(.*?)```', text, re.DOTALL)
    assert block, 'docs/portability.md has no list'
    return set(block[1].split())


def platform_functions():
    """Names of what os/platform/*.h declares."""
    names = set()
    for path, text in sources.texts('.h'):
        if path.parts[:2] == ('os', 'platform'):
            names |= set(re.findall(r'\b([a-z]\w+)\(', text))
    return names


# newlib's names for what the list has by glibc's
NEWLIB = {'__assert_func': '__assert_fail', '__errno': '__errno_location', '__getreent': 'stdout'}


def objects_call_no_platform():
    compiled = objects()
    assert compiled, 'the build has no objects of os/, net/ and apps/'
    own = assembled()
    for _, path in compiled:
        own |= symbols(path, 'defined')
    # a text that is made a symbol of by the assembler
    own |= symbols(BUILD / 'os' / 'scenario' / 'scenario-format.o', 'defined')
    library = c_library()
    below = platform_functions()
    problems = []
    for source, path in compiled:
        for name in sorted(symbols(path, 'undefined')):
            # a hardened C library has checked twins: __printf_chk is printf
            plain = re.sub(r'^__(?:isoc\d+_)?(\w+?)(?:_chk)?$', r'\1', name)
            plain = NEWLIB.get(name, plain)
            if name in own or plain in library or name in library or COMPILER_SYMBOLS.match(name):
                continue
            if name == 'component_construct' or (name in below and source.parts[0] == 'os'):
                continue
            if LIBRARY_SYMBOLS.match(name):
                continue
            problems.append(f'{source}: {name}')
    fail_with(problems)


if __name__ == '__main__':
    tap.run_tests([sources_include_no_platform, sources_test_for_no_platform, drivers_include_the_public_api_only,
                   objects_call_no_platform])
