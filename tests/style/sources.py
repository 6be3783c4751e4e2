# SPDX-License-Identifier: BSD-2-Clause
"""The project's files, as the style tests look at them."""

import pathlib

TOP = pathlib.Path(__file__).resolve().parents[2]
HIDDEN = {'.ci', '.clang-format', '.gitignore'}
BINARY = {'.png', '.bin'}


def files():
    """All files but those of version control and builds, as paths relative to the project's folder."""
    todo = [TOP]
    while todo:
        for path in sorted(todo.pop().iterdir()):
            name = path.name
            if path.is_symlink() or (name.startswith('.') and name not in HIDDEN) or name == '__pycache__':
                continue
            if path.is_dir():
                if (path / 'meson-private').exists() or (path.parent == TOP and name.startswith('build')):
                    continue
                todo.append(path)
            else:
                yield path.relative_to(TOP)


def texts(*suffixes):
    """(path, text) of all text files, or of those with one of SUFFIXES."""
    for path in files():
        if path.suffix in BINARY or (suffixes and path.suffix not in suffixes):
            continue
        try:
            yield path, (TOP / path).read_text(encoding='utf-8')
        except UnicodeDecodeError:
            if suffixes:
                raise


def packages():
    """(name, level) of each line of packages.txt."""
    for line in (TOP / 'packages.txt').read_text(encoding='utf-8').splitlines():
        if line and not line.startswith('#'):
            name, level, _ = line.split(None, 2)
            yield name, level


def fail_with(problems):
    """Fails the running test with a line for each of PROBLEMS, if there are any."""
    problems = list(problems)
    assert not problems, f'{len(problems)}, the first is {problems[0]}\n' + '\n'.join(problems)
