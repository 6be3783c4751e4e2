# SPDX-License-Identifier: BSD-2-Clause
"""A PC with GNU Mach, emulated by QEMU: its console, its line to the host, its end.

Nothing of it stays when this process ends, however that happens: there are no files, and QEMU ends with its parent.
"""

import ctypes
import os
import re
import signal
import socket
import subprocess
import threading
import zlib

EMULATOR = 'qemu-system-i386'
MEMORY = 256  # MiB
EXIT_PORT = 0x501  # QEMU's isa-debug-exit: a byte V written there ends QEMU with status V * 2 + 1
KERNEL_LINE = 'console=com0 noide'  # the kernel's: it would look for disks almost as long as all else of a start takes
PICTURE_MAX = 512 * 1024 * 1024
RECORD = re.compile(rb'SEEDBED (?:file ([A-Za-z0-9_.-]{1,63}) (\d{1,10}) ([0-9a-f]{8})|failed (.{0,300})|(ready))$')
LOST = re.compile(rb'Slirp: Failed to send packet')  # of each frame that the card has no room for
HUNG = ('In tight loop', 'panic:', 'panic {')  # the kernel's last words


def in_memory(name, data):
    """A file descriptor of DATA, for a process to open as /proc/self/fd/N."""
    fd = os.memfd_create(name)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]
    return fd


def end_with_parent():
    """In the new process: no signals of the terminal, and no life without its parent."""
    os.setsid()
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Machine:
    """KERNEL: a path; CORE, ARCHIVE: bytes; WINDOW: QEMU's -display.

    NETWORK: QEMU's arguments for a network card.

    MONITORED: `monitor` is a socket that leads to QEMU's monitor, and leaves no name behind.
    """

    def __init__(self, kernel, core, archive, window='none', memory=MEMORY, picture=None, failed=None,
                 monitored=False, network=()):
        self.picture = picture  # called with a picture's name and bytes
        self.failed = failed    # called with why there is no picture
        self.line, far = socket.socketpair()
        self.lock = threading.RLock()  # a signal may ask for something while its thread asks for something else
        self.listening = False  # whether core is; a serial line keeps nothing for later
        self.wishes = b''       # until then
        files = [in_memory('core', core), in_memory('boot', archive)]
        core_file, boot_file = (f'/proc/self/fd/{fd}' for fd in files)
        modules = (f'{core_file} core host=${{host-port}} device=${{device-port}} $(task-create) $(task-resume),'
                   f'{boot_file} boot $(ramdisk-create)')
        command = [EMULATOR, '-accel', 'tcg', '-m', str(memory), '-nodefaults', '-no-reboot', '-vga', 'std',
                   '-display', window, '-serial', 'stdio',
                   '-chardev', f'socket,id=line,fd={far.fileno()}', '-serial', 'chardev:line',
                   '-device', f'isa-debug-exit,iobase={EXIT_PORT},iosize=2',
                   *network, '-kernel', kernel, '-append', KERNEL_LINE, '-initrd', modules]
        keep = [*files, far.fileno()]
        if monitored:
            self.monitor, far_monitor = socket.socketpair()
            command += ['-chardev', f'socket,id=monitor,fd={far_monitor.fileno()}', '-mon',
                        'chardev=monitor,mode=control']
            keep.append(far_monitor.fileno())
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, pass_fds=keep,
                                        preexec_fn=end_with_parent)  # no threads here yet
        far.close()
        if monitored:
            far_monitor.close()
        for fd in files:
            os.close(fd)
        self.hung = None
        self.complaints = b''
        self.threads = [threading.Thread(target=reader, daemon=True) for reader in (self._read_line, self._complain)]
        for thread in self.threads:
            thread.start()

    def console(self):
        """The lines of the console, as they come."""
        for line in self.process.stdout:
            text = line.decode('utf-8', 'replace').strip('\r\n')  # the kernel's end with \n\r
            yield text
            if text.startswith(HUNG):
                self.hung = text
                self.process.kill()

    def wish(self, text):
        """Asks core for something, as base-mach/core/host.c lists."""
        self._send(text.encode() + b'\n', self.listening)

    def _send(self, wishes, listening):
        with self.lock:
            self.listening = self.listening or listening
            self.wishes += wishes
            if not self.listening:
                return
            wishes, self.wishes = self.wishes, b''
            try:
                self.line.sendall(wishes)
            except OSError:
                pass  # it has ended

    def kill(self):
        self.process.kill()

    def status(self):
        """Waits for the end: what core ended with, or None if it did not get so far."""
        status = self.process.wait()
        for thread in self.threads:
            thread.join()
        self.line.close()
        return status >> 1 if status > 0 and status & 1 and not self.hung and not self.complaints else None

    def _complain(self):
        self.complaints = b''.join(line for line in self.process.stderr if not LOST.search(line))

    def _read_line(self):
        """Records from core; what is none is skipped."""
        with self.line.makefile('rb') as line:
            while True:
                try:
                    head = line.readline(512)
                except OSError:
                    return
                if not head:
                    return
                match = RECORD.search(head.rstrip(b'\r\n'))
                if match and match[5]:
                    self._send(b'', True)
                elif match and match[4] is not None:
                    self.failed and self.failed(match[4].decode('utf-8', 'replace'))
                elif match and int(match[2]) <= PICTURE_MAX:
                    self._take(match[1].decode(), int(match[3], 16), line.read(int(match[2])), int(match[2]))

    def _take(self, name, checksum, data, size):
        if len(data) != size or zlib.crc32(data) != checksum:
            self.failed and self.failed(f'{name}: it did not come whole ({len(data)} of {size} bytes)')
        elif self.picture:
            self.picture(name, data)
