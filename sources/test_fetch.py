# SPDX-License-Identifier: BSD-2-Clause
"""Checks that what fetches the sources of others refuses what is not pinned, and leaves nothing half done. Nothing is
fetched here. Writes TAP."""

import contextlib
import io
import pathlib
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'tests' / 'runner')]
# pylint: disable=wrong-import-position,import-error
import fetch
import tap

sys.dont_write_bytecode = True
PIN = {'how': 'installed', 'sha256': '0' * 64, 'pins': 'pins'}


@contextlib.contextmanager
def a_store():
    """An empty one."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        yield pathlib.Path(folder)


def make_folder(work, _files):
    """Builds the least there can be."""
    (work / 'prefix').mkdir()
    return work / 'prefix'


def failure_of(function, *arguments):
    """The text of the failure that FUNCTION ends with."""
    try:
        function(*arguments)
    except fetch.Failure as failure:
        return str(failure)
    raise AssertionError('it has not failed')


def a_file_that_is_not_the_pinned_one_is_named_with_both_checksums():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'parts.tar'
        path.write_bytes(b'something else')
        text = failure_of(fetch.collect, {'parts': {**PIN, 'file': str(path)}},
                          pathlib.Path(folder), None, None)
        assert all(word in text for word in (str(path), '0' * 64, fetch.hash_of(path))), text


def a_part_that_is_missing_is_named():
    with tempfile.TemporaryDirectory() as folder:
        text = failure_of(fetch.collect, {'parts': {**PIN, 'file': '/no/parts.tar'}},
                          pathlib.Path(folder), None, None)
        assert '/no/parts.tar is missing' in text, text


def what_is_interrupted_leaves_nothing_in_the_store():
    def interrupted(work, _files):
        (work / 'half').touch()
        raise KeyboardInterrupt

    with a_store() as store:
        with contextlib.suppress(KeyboardInterrupt):
            fetch.provide(store, 'key', store / 'log', {}, interrupted)
        assert [path.name for path in store.iterdir()] == ['files'], list(store.iterdir())


def what_a_killed_run_has_left_is_removed():
    with a_store() as store:
        (store / 'tmp-old' / 'work').mkdir(parents=True)
        fetch.provide(store, 'key', store / 'log', {}, make_folder)
        assert sorted(path.name for path in store.iterdir()) == ['files', 'key'], list(store.iterdir())


def of_two_at_once_one_builds():
    builds, second_is_here = [], threading.Event()
    second = threading.Thread(target=lambda: fetch.provide(store, 'key', store / 'log', {}, build))
    before = fetch.say

    def say(text):
        if 'waiting' in text:
            second_is_here.set()

    def build(work, files):
        builds.append(1)
        if len(builds) == 1:
            second.start()
            assert second_is_here.wait(60), 'the second has neither waited nor built'
        else:
            second_is_here.set()
        return make_folder(work, files)

    fetch.say = say
    try:
        with a_store() as store:
            fetch.provide(store, 'key', store / 'log', {}, build)
            second.join()
            assert (store / 'key').is_dir()
    finally:
        fetch.say = before
    assert len(builds) == 1, builds


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
            fetch.Apt.copy_sources(path.with_suffix(suffix), copy)
            assert copy.read_text() == wanted, copy.read_text()


def every_pin_is_complete():
    for name, pin in fetch.read_pins(HERE / 'pins').items():
        assert pin['how'] in ('installed', 'binary', 'source') and len(pin['sha256']) == 64 and pin['file'], name


def the_folder_is_replaced_as_a_whole():
    with tempfile.TemporaryDirectory() as top:
        top = pathlib.Path(top)
        for key in ('one', 'two'):
            (top / key).mkdir()
            (top / key / f'of-{key}').touch()
            fetch.install(top / key, top / 'sources')
        assert sorted(path.name for path in (top / 'sources').iterdir()) == ['key', 'of-two']
        assert sorted(path.name for path in top.iterdir()) == ['one', 'sources', 'two']


if __name__ == '__main__':
    tap.run_tests([value for value in list(globals().values())
                   if callable(value) and getattr(value, '__module__', '') == '__main__'
                   and value not in (failure_of, a_store, make_folder)])
