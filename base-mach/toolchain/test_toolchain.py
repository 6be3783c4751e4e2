# SPDX-License-Identifier: BSD-2-Clause
"""Checks that the script that makes the tool chain refuses what is not pinned, and leaves nothing half done. Nothing
is fetched or built here. Writes TAP."""

import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / 'tests' / 'runner'))
import tap  # pylint: disable=wrong-import-position,import-error

sys.dont_write_bytecode = True
LOADER = importlib.machinery.SourceFileLoader('make', str(HERE / 'make'))
make = importlib.util.module_from_spec(importlib.util.spec_from_loader('make', LOADER))
LOADER.exec_module(make)


@contextlib.contextmanager
def store_with(build):
    """An empty store, with BUILD in the place of what builds everything, and nothing pinned."""
    before = make.read_pins, make.Build.all
    make.read_pins, make.Build.all = (lambda: {}), build
    try:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
            yield pathlib.Path(folder)
    finally:
        make.read_pins, make.Build.all = before


def failure_of(function, *arguments):
    """The text of the failure that FUNCTION ends with."""
    try:
        function(*arguments)
    except make.Failure as failure:
        return str(failure)
    raise AssertionError('it has not failed')


def a_file_that_is_not_the_pinned_one_is_named_with_both_checksums():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'parts.tar'
        path.write_bytes(b'something else')
        text = failure_of(make.collect, {'parts': {'how': 'installed', 'sha256': '0' * 64, 'file': str(path)}},
                          pathlib.Path(folder), None, None)
        assert all(word in text for word in (str(path), '0' * 64, make.hash_of(path))), text


def a_part_that_is_missing_is_named():
    with tempfile.TemporaryDirectory() as folder:
        text = failure_of(make.collect, {'parts': {'how': 'installed', 'sha256': '0' * 64, 'file': '/no/parts.tar'}},
                          pathlib.Path(folder), None, None)
        assert '/no/parts.tar is missing' in text, text


def every_pin_is_complete():
    for name, pin in make.read_pins().items():
        assert pin['how'] in ('installed', 'binary', 'source') and len(pin['sha256']) == 64 and pin['file'], name


def what_is_interrupted_leaves_nothing_in_the_store():
    def interrupted(self, _files, _pins):
        (self.prefix / 'half').touch()
        raise KeyboardInterrupt

    with store_with(interrupted) as store:
        with contextlib.suppress(KeyboardInterrupt):
            make.provide(store, 'key', store / 'log')
        assert [path.name for path in store.iterdir()] == ['files'], list(store.iterdir())


def what_a_killed_run_has_left_is_removed():
    with store_with(lambda *_: None) as store:
        (store / 'tmp-old' / 'work').mkdir(parents=True)
        make.provide(store, 'key', store / 'log')
        assert sorted(path.name for path in store.iterdir()) == ['files', 'key'], list(store.iterdir())


def of_two_at_once_one_builds():
    builds, second_is_here = [], threading.Event()
    second = threading.Thread(target=lambda: make.provide(store, 'key', store / 'log'))
    before = make.say

    def say(text):
        if 'waiting' in text:
            second_is_here.set()

    def build(*_):
        builds.append(1)
        if len(builds) == 1:
            second.start()
            assert second_is_here.wait(60), 'the second has neither waited nor built'
        else:
            second_is_here.set()

    make.say = say
    try:
        with store_with(build) as store:
            make.provide(store, 'key', store / 'log')
            second.join()
            assert (store / 'key').is_dir()
    finally:
        make.say = before
    assert len(builds) == 1, builds


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


def sources_of_apt_get_source_packages_and_lose_restrictions():
    with tempfile.TemporaryDirectory() as folder:
        path, copy = pathlib.Path(folder) / 'one', pathlib.Path(folder) / 'copy'
        for suffix, text, wanted in (
                ('.sources', 'Types: deb\nURIs: http://host/debian\nArchitectures: amd64\nSuites: suite\n',
                 'Types: deb deb-src\nURIs: http://host/debian\nSuites: suite\n'),
                ('.list', '# no\ndeb [arch=amd64 signed-by=/key] http://host/debian suite main\n',
                 'deb [ signed-by=/key] http://host/debian suite main\n'
                 'deb-src [ signed-by=/key] http://host/debian suite main\n')):
            path.with_suffix(suffix).write_text(text)
            make.Apt.copy_sources(path.with_suffix(suffix), copy)
            assert copy.read_text() == wanted, copy.read_text()


if __name__ == '__main__':
    tap.run_tests([value for value in list(globals().values())
                   if callable(value) and getattr(value, '__module__', '') == '__main__'
                   and value not in (failure_of, store_with)])
