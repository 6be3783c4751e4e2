# SPDX-License-Identifier: BSD-2-Clause
"""Checks the script that makes the tool chain, but for what sources/test_fetch.py checks of what it fetches with.
Nothing is fetched or built here. Writes TAP."""

import importlib.machinery
import importlib.util
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / 'tests' / 'runner'))
import tap  # pylint: disable=wrong-import-position,import-error

sys.dont_write_bytecode = True
LOADER = importlib.machinery.SourceFileLoader('make', str(HERE / 'make'))
make = importlib.util.module_from_spec(importlib.util.spec_from_loader('make', LOADER))
LOADER.exec_module(make)


def every_pin_is_complete():
    for name, pin in make.read_pins(HERE / 'pins').items():
        assert pin['how'] in ('installed', 'binary', 'source') and len(pin['sha256']) == 64 and pin['file'], name


def the_folder_is_replaced_as_a_whole_and_the_cross_file_only_if_it_changes():
    with tempfile.TemporaryDirectory() as top:
        top = pathlib.Path(top)
        for key in ('one', 'two'):
            (top / key).mkdir()
            (top / key / f'of-{key}').touch()
            make.install(top / key, top / 'toolchain')
        assert sorted(path.name for path in (top / 'toolchain').iterdir()) == ['key', 'of-two']
        assert sorted(path.name for path in top.iterdir()) == ['one', 'toolchain', 'two']

        make.write_cross(top / 'toolchain', 'two')
        before = (top / 'toolchain' / 'cross.ini').stat()
        make.write_cross(top / 'toolchain', 'two')
        assert (top / 'toolchain' / 'cross.ini').stat().st_ino == before.st_ino
        make.write_cross(top / 'toolchain', 'three')
        assert (top / 'toolchain' / 'cross.ini').stat().st_ino != before.st_ino
        assert '@' not in (top / 'toolchain' / 'cross.ini').read_text().split('[constants]')[1]


if __name__ == '__main__':
    tap.run_tests([value for value in list(globals().values())
                   if callable(value) and getattr(value, '__module__', '') == '__main__'])
