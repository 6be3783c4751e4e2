# SPDX-License-Identifier: BSD-2-Clause
"""Tries what starts a machine when things are not as they should be, and who ends what. Writes TAP.

    test_launcher.py RUN BUILD

RUN is base-mach/host/run.py. No process but those of other tests is left: the guard around this program looks.
"""

import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'tests/runner'))
sys.path.insert(0, str(pathlib.Path(sys.argv[1]).parent))
import network  # pylint: disable=wrong-import-position,import-error
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


def files_of_the_scenario_are_modules():
    text = 'files: { text: NAME, gone: none.txt, folder: . }\n' \
           'start:\n  reader: { binary: rom_reader, config: { text: true }, ' \
           'route: { ROM: [{ match: text, to: parent }] } }\n'
    with scenario('the content') as note, scenario(text.replace('NAME', os.path.basename(note.name))) as file:
        process = start(file.name)
        said = read_until(process, '[reader] text: the content')
        process.send_signal(signal.SIGTERM)
        expect(finish(process, said), 0, 'ROM module gone: ', 'none.txt: No such file or directory',
               ': is no ordinary file', '[core] books: balanced')


def the_web_server_is_reached_from_the_host():
    """The scenario as it is shipped, at a port that is free; its page, and a file of the scenario."""
    folder = pathlib.Path(__file__).resolve().parents[2] / 'scenarios'
    text = (folder / 'web.yaml').read_text(encoding='utf-8').replace('127.0.0.1:8080', '127.0.0.1:0')
    with scenario(text.replace('scenario: web.yaml', f'scenario: {folder}/web.yaml')) as file:
        process = start(file.name)
        said = read_until(process, ' leads to 10.0.2.15:80')
        url = said[said.index('http://'):].split()[0]
        said += read_until(process, '[http] http://10.0.2.15:80/')
        shipped = (folder / 'web.yaml').read_text(encoding='utf-8')
        for path, wanted in ('system?still', '<h2 id="components">'), ('scenario.yaml', shipped):
            got = subprocess.run(['curl', '-sS', '--noproxy', '*', url + path], capture_output=True, text=True,
                                 check=True)
            assert wanted in got.stdout, got
        process.send_signal(signal.SIGTERM)
        expect(finish(process, said), 0, '[core] books: balanced')


def it_ends_by_itself_after_some_time():
    with scenario(LASTS) as file:
        expect(call(file.name, '--for', '3'), 0, '[server] ready', '[core] books: balanced')


def closed_output_ends_the_system():
    with scenario(LASTS) as file:
        process = start(file.name)
        read_until(process, '[server] ready')
        process.stdout.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0, process.returncode


def uplink(config, reach='ports'):
    """QEMU's arguments for a driver with CONFIG, in one line, and the lines of the log."""
    text = f'start:\n  n:\n    binary: uplink-user\n    config: {config}\n' \
           f'    route: {{ Network: {{ to: parent, args: {{ reach: "{reach}" }} }} }}\n'
    arguments, lines = network.arguments(text.encode())
    return ' '.join(arguments), lines


def refused(config, reach='ports'):
    try:
        return f'not refused: {uplink(config, reach)}'
    except network.Refused as error:
        return str(error)


def a_card_is_there_for_its_driver_only():
    assert network.arguments(b'start: { timer: , switch: }') == ([], [])
    for wrong in (b'', b'[', b'start: 3', b'start: { uplink-user: { binary: timer } }', b'&a [*a]', b'\xff'):
        assert network.arguments(wrong) == ([], []), wrong
    within = b'start: { a: { binary: init, config: { start: { uplink-user: } } } }'
    assert network.arguments(within)[0] == ['-netdev', 'user,id=user,restrict=on', '-device',
                                            'ne2k_pci,netdev=user,romfile=']


def the_network_is_as_the_scenario_says():
    text, lines = uplink('{ network: 10.1.0.7/16, network6: "fd00:1::/64", ipv6: false, hostname: box, '
                         'mac: "02:00:00:00:00:07", '
                         'forward: [ { host: "127.0.0.1:0", guest: "10.1.0.15:80", scheme: http } ] }')
    for part in ('net=10.1.0.0/16,ipv6-prefix=fd00:1::,ipv6=off,hostname=box,restrict=on,hostfwd=tcp:127.0.0.1:',
                 '-10.1.0.15:80', ',mac=02:00:00:00:00:07'):
        assert part in text, text
    assert len(lines) == 1 and lines[0].startswith('[n] http://127.0.0.1:') and ':0/' not in lines[0], lines


def nothing_goes_out_unless_the_route_says_so():
    assert 'restrict=on' in uplink('{ }')[0] and 'restrict=on' in uplink('{ }', 'host')[0]
    text, lines = uplink('{ }', 'world')
    assert 'restrict=on' in text and 'nothing can be reached' in lines[0]
    assert uplink('{ }', 'world host') == ('-netdev user,id=user -device ne2k_pci,netdev=user,romfile=', [])
    assert 'restrict=on' in uplink('{ restrict: true }', 'world host')[0]
    forward = '{ forward: [ { host: "%s:0", guest: "10.0.2.15:80", protocol: %s } ] }'
    assert 'does not allow it' in refused(forward % ('0.0.0.0', 'tcp'))
    assert 'hostfwd=tcp:0.0.0.0:' in uplink(forward % ('0.0.0.0', 'tcp'), 'open')[0]
    assert 'need reach' in refused(forward % ('127.0.0.1', 'udp'))
    assert 'hostfwd=udp:127.0.0.1:' in uplink(forward % ('127.0.0.1', 'udp'), 'world host')[0]


def a_scenario_cannot_tell_qemu_anything_else():
    other = ',guestfwd=tcp:10.0.2.9:1-cmd:true'
    for config in (f'{{ network: "10.0.2.0/24{other}" }}', f'{{ network6: "fd00::/64{other}" }}',
                   f'{{ mac: "{other}" }}', '{ mac: [ 1 ] }', '{ network: [ 1 ] }', '{ forward: [ 7 ] }',
                   f'{{ forward: [ {{ host: "127.0.0.1:0{other}", guest: "10.0.2.15:80" }} ] }}',
                   f'{{ forward: [ {{ host: "127.0.0.1:0", guest: "10.0.2.15:80{other}" }} ] }}',
                   '{ forward: [ { host: [ ], guest: { } } ] }'):
        assert ', expected ' in refused(config), refused(config)
    for config in (f'{{ hostname: "a{other}" }}', '{ hostname: [ ] }', f'{{ ipv4: "{other}" }}'):
        assert 'guestfwd' not in uplink(config)[0]


def a_port_that_is_taken_is_said():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        forward = f'host: "127.0.0.1:{port}", guest: "10.0.2.15:80"'
        assert 'the port is taken' in refused(f'{{ forward: [ {{ {forward} }} ] }}')
        text, lines = uplink(f'{{ forward: [ {{ {forward}, required: false }} ] }}')
    assert 'hostfwd' not in text and 'the port is taken' in lines[0]


if __name__ == '__main__':
    tap.run_tests([a_machine_runs_with_64_mib, a_scenario_that_is_not_there_starts_nothing,
                   a_machine_without_qemu_is_told_what_is_missing, an_emulator_that_fails_is_quoted,
                   control_c_ends_in_order, the_machine_ends_with_a_launcher_that_is_killed,
                   a_second_one_runs_beside_the_first, it_ends_by_itself_after_some_time,
                   closed_output_ends_the_system, files_of_the_scenario_are_modules,
                   the_web_server_is_reached_from_the_host, a_card_is_there_for_its_driver_only,
                   the_network_is_as_the_scenario_says,
                   nothing_goes_out_unless_the_route_says_so, a_scenario_cannot_tell_qemu_anything_else,
                   a_port_that_is_taken_is_said])
