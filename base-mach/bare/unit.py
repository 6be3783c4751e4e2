# SPDX-License-Identifier: BSD-2-Clause
"""Runs unit tests on GNU Mach in QEMU, and prints what their loader says of them, in TAP.

    unit.py KERNEL LOADER [run PROGRAM | skip "NAME REASON" | data FILE] ...
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

START = re.compile(r'^start \S+: ')  # the kernel's last words stand before the loader's first
PLACE = re.compile(r'@\{(\S+) (0x[0-9a-f]+)\}')


def member(name, data):
    """A file of an archive in the format newc of cpio."""
    fields = (0, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b'070701' + b''.join(b'%08x' % field for field in fields) + name.encode() + b'\0'
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def stripped(program):
    """The content of PROGRAM without its debug information, which the machine has no use for."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(['strip', '-o', file.name, program], check=True)
        return pathlib.Path(file.name).read_bytes()


def read_plan(words):
    """The archive for WORDS, and the paths of the programs in it by their names."""
    plan, members, programs = [], [], {}
    for what, rest in zip(words[::2], words[1::2]):
        name = os.path.basename(rest)
        if what == 'run':
            plan.append(f'run {name.removeprefix("test-")}\n')
            members.append(member(name, stripped(rest)))
            programs[name] = rest
        elif what == 'skip':
            plan.append(f'skip {rest}\n')
        elif what == 'data':
            members.append(member(name, pathlib.Path(rest).read_bytes()))
        else:
            sys.exit(f'unit.py: {what}: neither run nor skip nor data')
    archive = member('plan', ''.join(plan).encode()) + b''.join(members) + member('TRAILER!!!', b'')
    return archive + bytes(-len(archive) % 512), programs


def place(match, programs):
    """Function, file and line of the address in MATCH; the address if nothing is known about it."""
    name, address = match.groups()
    tool = shutil.which('addr2line')
    if name not in programs or not tool:
        return address
    found = subprocess.run([tool, '-f', '-p', '-s', '-e', programs[name], address], capture_output=True, text=True,
                           check=False)
    return found.stdout.strip() if '??' not in found.stdout else address


def main():
    kernel, loader, words = sys.argv[1], sys.argv[2], sys.argv[3:]
    archive, programs = read_plan(words)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'archive'
        path.write_bytes(archive)
        modules = (f'{loader} loader ${{host-port}} ${{device-port}} $(task-create) $(task-resume),'
                   f'{path} archive $(ramdisk-create)')
        machine = subprocess.Popen(
            ['qemu-system-i386', '-accel', 'tcg', '-m', '256', '-display', 'none', '-nodefaults', '-no-reboot',
             '-device', 'isa-debug-exit,iobase=0x501,iosize=2', '-serial', 'stdio', '-kernel', kernel,
             '-append', 'console=com0', '-initrd', modules],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        started = False
        try:
            for line in machine.stdout:
                line = line.decode(errors='replace').strip('\r\n')
                started = started or bool(START.match(line))
                if started:
                    print(PLACE.sub(lambda match: place(match, programs), START.sub('', line)), flush=True)
        finally:
            machine.kill()
            status = machine.wait()
    if not started:
        print('Bail out! the machine has not started the loader')
    # the loader's byte N comes as 2 * N + 1; there is a plan only if it has come to its end
    return 0 if status == 1 else 1


if __name__ == '__main__':
    sys.exit(main())
