# SPDX-License-Identifier: BSD-2-Clause
"""Tries what starts a machine when things are not as they should be, and who ends what. Writes TAP.

    test_launcher.py RUN BUILD

RUN is base-mach/host/run.py. No process but those of other tests is left: the guard around this program looks.
"""

import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'tests/runner'))
import tap  # pylint: disable=wrong-import-position,import-error

LAUNCHER = [sys.executable, '-B', *sys.argv[1:3]]
LASTS = 'start:\n  timer:\n  server: { binary: probe_server }\n'


def start(*arguments, **options):
    return subprocess.Popen([*LAUNCHER, *arguments, '--headless', '--books'], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', **options)


def finish(process, *before):
    """The exit status and all that was said, after BEFORE."""
    rest, _ = process.communicate()
    return process.returncode, ''.join(before) + rest


def call(*arguments, **options):
    return finish(start(*arguments, **options))


def read_until(process, text):
    """What is said up to the line with TEXT."""
    said = ''
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f'no line has "{text}":\n{said}')


def scenario(text):
    """A file with TEXT; it exists as long as what is returned."""
    file = tempfile.NamedTemporaryFile('w', suffix='.yaml')
    file.write(text)
    file.flush()
    return file


def expect(said, status, *words):
    found, text = said
    assert found == status, f'status {found}, not {status}:\n{text}'
    assert all(word in text for word in words), f'not all of {words}:\n{text}'


def a_machine_runs_with_64_mib():
    expect(call('hello', '--memory', '64'), 0, 'Hello, world!', '[core] books: balanced')


def a_scenario_that_is_not_there_starts_nothing():
    expect(call('nonesuch'), 1, 'no scenario "nonesuch"')


def a_machine_without_qemu_is_told_what_is_missing():
    with tempfile.TemporaryDirectory() as empty:
        expect(call('hello', env={**os.environ, 'PATH': empty}), 1, 'qemu-system-i386 is missing')


def an_emulator_that_fails_is_quoted():
    with tempfile.TemporaryDirectory() as folder:
        fake = pathlib.Path(folder) / 'qemu-system-i386'
        fake.write_text('#!/bin/sh\necho "no such machine" >&2\nexit 1\n')
        fake.chmod(0o755)
        expect(call('hello', env={**os.environ, 'PATH': f'{folder}:{os.environ["PATH"]}'}), 1, 'no such machine')


def ended_by(number):
    with scenario(LASTS) as file:
        process = start(file.name)
        said = read_until(process, '[server] ready')
        process.send_signal(number)
        expect(finish(process, said), 0, '[core] books: balanced')


def control_c_ends_in_order():
    ended_by(signal.SIGINT)


def the_machine_ends_with_a_launcher_that_is_killed():
    with scenario(LASTS) as file:
        process = start(file.name)
        read_until(process, '[server] ready')
        machine = children(process.pid)
        assert machine, 'the launcher has no emulator'
        holds = [os.pidfd_open(pid) for pid in machine]
        process.kill()
        process.communicate()
        for hold in holds:
            select.select([hold], [], [])  # readable when the process has ended
            os.close(hold)


def children(pid):
    return [int(child) for task in pathlib.Path(f'/proc/{pid}/task').iterdir()
            for child in (task / 'children').read_text().split()]


def a_second_one_runs_beside_the_first():
    with scenario(LASTS) as file:
        first = start(file.name)
        said = read_until(first, '[server] ready')
        expect(call('hello'), 0, 'Hello, world!')
        first.send_signal(signal.SIGTERM)
        expect(finish(first, said), 0, '[core] books: balanced')


def files_are_refused_before_the_start():
    with scenario('files: { text: note.txt }\n' + LASTS) as file:
        expect(call(file.name, '--check'), 2, f"{file.name}:1:10: file 'text': this platform has no files",
               '1 problem; nothing was started')


def it_ends_by_itself_after_some_time():
    with scenario(LASTS) as file:
        expect(call(file.name, '--for', '0.5'), 0, '[server] ready', '[core] books: balanced')


def closed_output_ends_the_system():
    with scenario(LASTS) as file:
        process = start(file.name)
        read_until(process, '[server] ready')
        process.stdout.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0, process.returncode


if __name__ == '__main__':
    tap.run_tests([a_machine_runs_with_64_mib, a_scenario_that_is_not_there_starts_nothing,
                   a_machine_without_qemu_is_told_what_is_missing, an_emulator_that_fails_is_quoted,
                   control_c_ends_in_order, the_machine_ends_with_a_launcher_that_is_killed,
                   a_second_one_runs_beside_the_first, it_ends_by_itself_after_some_time,
                   closed_output_ends_the_system, files_are_refused_before_the_start])
