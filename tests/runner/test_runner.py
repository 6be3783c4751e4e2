# SPDX-License-Identifier: BSD-2-Clause
"""Tests of the test runner and of its guard: what they must catch, they catch. Writes TAP.

    test_runner.py GUARD LEAKY
"""

import os
import socket
import subprocess
import sys
import tempfile
import types

import run
import tap

GUARD, LEAKY = sys.argv[1:]


def guard(script):
    """Runs a shell script under the guard; returns status and stderr."""
    done = subprocess.run([GUARD, 'sh', '-c', script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stderr


def guard_lets_a_clean_test_pass():
    tidy = 'echo x >"$TMPDIR/f"; mkdir "$XDG_RUNTIME_DIR/d"; rm "$TMPDIR/f"; rmdir "$XDG_RUNTIME_DIR/d"'
    assert guard(tidy) == (0, '')


def guard_passes_the_status_on():
    assert guard('exit 7') == (7, '')
    assert guard('exit 77') == (77, '')


def guard_makes_private_folders():
    script = 'test -d "$TMPDIR" && test -d "$XDG_RUNTIME_DIR" && echo "$TMPDIR" >&2'
    first, second = guard(script), guard(script)
    assert first[0] == second[0] == 0
    assert first[1] != second[1]
    assert not os.path.exists(first[1].strip())


def guard_finds_a_file():
    status, text = guard('echo x >"$TMPDIR/lost"')
    assert status == 1 and 'left behind file: lost' in text, text


def guard_finds_a_folder_in_the_runtime_folder():
    status, text = guard('mkdir "$XDG_RUNTIME_DIR/lost"')
    assert status == 1 and 'left behind folder: run/lost' in text, text


def guard_finds_and_ends_a_process():
    status, text = guard('sleep 1000 & echo "pid $!" >&2')
    pid = int(text.split()[1])
    assert status == 1 and f'left behind process {pid}: sleep 1000' in text, text
    assert not os.path.exists(f'/proc/{pid}')


def guard_finds_a_daemon():
    status, text = guard('(setsid sh -c "sleep 1000; true" >/dev/null 2>&1 &)')
    assert status == 1 and 'left behind process' in text, text


def guard_waits_for_those_on_their_way_out():
    assert guard('(setsid sleep 0.3 &)') == (0, '')


def guard_finds_a_socket():
    # its owner is gone, and yet it is there: a process outside of the test has got it
    ours, theirs = socket.socketpair()
    with ours, theirs:
        lost = ('import array, os, socket, sys\n'
                's = socket.socket(socket.AF_UNIX)\n'
                's.bind("\\0seedbed/test/" + str(os.getpid()))\n'
                'socket.send_fds(socket.socket(fileno=int(sys.argv[1])), [b"x"], [s.fileno()])\n')
        done = subprocess.run([GUARD, sys.executable, '-c', lost, str(ours.fileno())], pass_fds=[ours.fileno()],
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and 'left behind socket @seedbed/test/' in done.stderr, done.stderr


def guard_minds_its_own_sockets():
    with socket.socket(socket.AF_UNIX) as others:
        others.bind(f'\0seedbed/test/{os.getpid()}')
        tidy = ('import os, socket\ns = socket.socket(socket.AF_UNIX)\n'
                's.bind("\\0seedbed/test/" + str(os.getpid()))\n')
        done = subprocess.run([GUARD, sys.executable, '-c', tidy], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ''), done.stderr


def guard_minds_its_own_folder():
    # the socket has the path of another guard's test, in a container: it cannot be found here
    ours, theirs = socket.socketpair()
    with ours, theirs, tempfile.TemporaryDirectory(prefix='seedbed-test-') as folder:
        elsewhere = ('import os, socket, sys\n'
                     's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n'
                     's.bind(sys.argv[2])\n'
                     'os.unlink(sys.argv[2])\n'
                     'socket.send_fds(socket.socket(fileno=int(sys.argv[1])), [b"x"], [s.fileno()])\n')
        done = subprocess.run([GUARD, sys.executable, '-c', elsewhere, str(ours.fileno()), f'{folder}/guest'],
                              pass_fds=[ours.fileno()], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              check=False)
    assert (done.returncode, done.stderr) == (0, ''), done.stderr


def guard_minds_its_own_machine():
    # the guard is in a container, the listener is not
    listener = ('import socket, sys\n'
                's = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n'
                's.bind("\\0seedbed/test/999999999")\n'
                's.listen()\n'
                'print(flush=True)\n'
                'sys.stdin.read()\n')
    pipes = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE}
    container = ['unshare', '--user', '--map-root-user', '--pid', '--mount-proc', '--fork', '--kill-child']
    with subprocess.Popen([*container, GUARD, 'sh', '-c', 'echo; read line'], **pipes) as ours:
        starts = ours.stdout.readline()
        with subprocess.Popen([sys.executable, '-c', listener], **pipes) as others:
            others.stdout.readline()
            _, text = ours.communicate(b'\n' if starts else None)
            others.communicate()
    if not starts:
        raise tap.Skip('no process can have process numbers of its own here')
    assert (ours.returncode, text) == (0, b''), text


def guard_tells_of_a_crash():
    status, text = guard('kill -SEGV $$')
    assert status == 139 and 'ended by signal 11' in text, text


def guard_tells_what_it_cannot_execute():
    done = subprocess.run([GUARD, '/nowhere'], stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 127 and '/nowhere' in done.stderr


def guard_takes_all_with_it_when_stopped():
    with subprocess.Popen([GUARD, 'sh', '-c', '(setsid sleep 1000 & echo $!); sleep 1000'], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as process:
        pid = int(process.stdout.readline())
        process.terminate()
        assert process.wait() == 143
    assert not os.path.exists(f'/proc/{pid}')


def leak_finds_descriptors():
    done = subprocess.run([LEAKY], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    report = tap.parse('leaky', done.stdout)
    assert report.line() == '2 passed, 2 failed, 0 skipped', done.stdout
    leaves, closes = report.failures
    assert 'leaves_a_descriptor' in leaves and 'left open:' in leaves and '/dev/zero' in leaves, leaves
    assert 'closes_too_much' in closes and '0 (closed, but not opened by the test)' in closes, closes


def tap_counts_each_test():
    report = tap.parse('t', 'ok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no sound\n# note\n1..3\n')
    assert report.line() == '1 passed, 1 failed, 1 skipped' and not report.incomplete
    assert report.failures == ['t: b'] and report.skips == [('t: c', 'no sound')]


def tap_wants_reasons_for_skips():
    assert tap.parse('t', '1..1\nok 1 - a # SKIP\n').line() == '0 passed, 1 failed, 0 skipped'


def tap_takes_a_skip_of_all():
    report = tap.parse('t', '1..0 # SKIP no X server\n')
    assert report.skips == [('t', 'no X server')] and not report.incomplete


def tap_notices_what_is_missing():
    assert tap.parse('t', 'ok 1 - a\n').incomplete
    assert tap.parse('t', '1..2\nok 1 - a\n').incomplete
    assert tap.parse('t', '').incomplete
    assert tap.parse('t', '1..0\n').incomplete


def verdict(result, is_tap=True):
    test = types.SimpleNamespace(name='t', tap=is_tap, limit=30)
    return run.judge(test, result)


def run_counts_a_crash_as_failed():
    report = verdict({'result': 'ERROR', 'stdout': 'ok 1 - a\n', 'returncode': 139})
    assert report.line() == '1 passed, 1 failed, 0 skipped', report.failures


def run_counts_a_bad_status_as_failed():
    report = verdict({'result': 'ERROR', 'stdout': 'ok 1 - a\n1..1\n', 'returncode': 3})
    assert report.line() == '1 passed, 1 failed, 0 skipped'


def run_tells_of_time_limits():
    report = verdict({'result': 'TIMEOUT', 'stdout': 'ok 1 - a\n', 'returncode': 143, 'stderr': 'guard: stopped'})
    assert report.failures == ['t: did not end within its time limit of 30 s']


def run_counts_what_the_guard_says():
    report = verdict({'result': 'ERROR', 'stdout': 'ok 1 - a\n1..1\n', 'returncode': 1,
                      'stderr': 'x\nguard: left behind file: f\n'})
    assert report.failures == ['t: left behind file: f'] and report.passed == 1


def run_takes_plain_programs():
    assert verdict({'result': 'OK', 'returncode': 0}, False).line() == '1 passed, 0 failed, 0 skipped'
    assert verdict({'result': 'FAIL', 'returncode': 1}, False).line() == '0 passed, 1 failed, 0 skipped'
    assert verdict({'result': 'SKIP', 'stdout': 'no mouse\n', 'returncode': 77}, False).skips == [('t', 'no mouse')]
    assert verdict({'result': 'SKIP', 'returncode': 77}, False).line() == '0 passed, 1 failed, 0 skipped'


def main():
    prefixes = ('guard_', 'leak_', 'tap_', 'run_')
    tests = [value for name, value in globals().items() if callable(value) and name.startswith(prefixes)]
    tap.run_tests(tests)


if __name__ == '__main__':
    main()
