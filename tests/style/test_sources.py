# SPDX-License-Identifier: BSD-2-Clause
"""Checks that every source file keeps the rules of the project that a program can check. Writes TAP."""

import re
import shutil
import subprocess
import sys

import sources
from sources import TOP, fail_with

sys.path.insert(0, str(TOP / 'tests' / 'runner'))
import tap  # pylint: disable=wrong-import-position,import-error

# the layout that clang-format makes differs from version to version
CLANG_FORMAT = 14


def every_source_has_its_license_line():
    fail_with(f'{path}:1: no SPDX line' for path, text in sources.texts()
              if (path.suffix in ('.c', '.h', '.py', '.sh', '.svg') or path.name.startswith('meson')
                  or text.startswith('#!'))
              and 'SPDX-License-Identifier: BSD-2-Clause' not in '\n'.join(text.splitlines()[:3]))


def every_c_file_says_what_it_is_for():
    fail_with(f'{path}:2: no sentence on what the file is for' for path, text in sources.texts('.c', '.h')
              if not text.split('\n', 1)[-1].startswith('/*'))


def no_file_names_places_of_one_machine():
    place = re.compile(r'(?<![\w.$}-])/(?:work|home|Users)/')
    fail_with(f'{path}:{number}: {line.strip()}' for path, text in sources.texts()
              for number, line in enumerate(text.splitlines(), 1) if place.search(line))


def no_file_speaks_of_unfinished_work():
    words = re.compile('|'.join(('TO' + 'DO', 'FIX' + 'ME', '(?<!X)XX' + 'X(?!X)')))
    fail_with(f'{path}:{number}: {line.strip()}' for path, text in sources.texts()
              for number, line in enumerate(text.splitlines(), 1) if words.search(line))


def text_is_tidy():
    problems = []
    for path, text in sources.texts():
        if text and not text.endswith('\n'):
            problems.append(f'{path}: no newline at the end')
        for number, line in enumerate(text.splitlines(), 1):
            if line != line.rstrip():
                problems.append(f'{path}:{number}: space at the end of the line')
            if path.suffix in ('.c', '.h', '.py') and len(line) > 120:
                problems.append(f'{path}:{number}: {len(line)} characters')
    fail_with(problems)


def clang_format_would_change_nothing():
    tool = shutil.which(f'clang-format-{CLANG_FORMAT}') or shutil.which('clang-format')
    if not tool:
        raise tap.Skip('clang-format is not installed')
    version = subprocess.run([tool, '--version'], stdout=subprocess.PIPE, text=True, check=True).stdout
    if f'version {CLANG_FORMAT}.' not in version:
        raise tap.Skip(f'the layout is that of clang-format {CLANG_FORMAT}; here is {version.strip()}')
    names = [str(path) for path, _ in sources.texts('.c', '.h')]
    done = subprocess.run([tool, '--dry-run', *names], cwd=TOP, stderr=subprocess.PIPE, text=True, check=False)
    places = [line for line in done.stderr.splitlines() if 'clang-format-violations' in line]
    fail_with(sorted({f'clang-format -i {place.split(":")[0]}' for place in places}))


def readme_names_the_packages_of_the_list():
    text = (TOP / 'README.md').read_text(encoding='utf-8')
    found = re.search(r'apt-get install --no-install-recommends((?:[^`]|\\\n)*?)\n```', text)
    assert found, 'README.md has no apt-get line'
    named = found[1].replace('\\\n', ' ').split()
    listed = [name for name, level in sources.packages() if level in ('build', 'bench', 'test')]
    assert named == listed, f'README.md has {named}, packages.txt has {listed}'


def links_of_the_documents_lead_somewhere():
    fail_with(f'{path}: {link}' for path, text in sources.texts('.md')
              for link in re.findall(r'\]\(([^)#\s]+)', text)
              if '://' not in link and not (TOP / path.parent / link).exists())


def reference_names_every_header_and_operation():
    reference = (TOP / 'docs' / 'reference.md').read_text(encoding='utf-8')
    missing = []
    for path, text in sources.texts('.h'):
        if path.parts[:2] != ('os', 'include'):
            continue
        names = re.findall(r'^\s+FN\(I, (\w+)', text, re.MULTILINE) if path.name not in ('rpc.h', 'rpc_gen.h') else []
        missing += [f'{path}: {name}' for name in [path.name, *names] if not re.search(rf'\b{name}\b', reference)]
    fail_with(missing)


if __name__ == '__main__':
    tap.run_tests([value for value in list(globals().values())
                   if callable(value) and getattr(value, '__module__', '') == '__main__'])
