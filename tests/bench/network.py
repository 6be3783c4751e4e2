# SPDX-License-Identifier: BSD-2-Clause
"""Systems with TCP: between components, to processes of the host, and from programs of the host's."""

import http.client
import pathlib
import re
import shutil
import subprocess
import time

from sides import PATIENCE, Failed, Program, Quiet, System, Unavailable, start

TCP = ('  client: {{ binary: bench_tcp_client, ram: 40M, config: {{ batch: {batch}, {more}, '
       'network: {{ {network}, ipv6: none, memory: 32M }} }} }}\n')
HTTP_BYTES = 1024


def tcp_scenario(effort, connections=1):
    return ('start:\n  timer:\n  switch:\n'
            '  server: { binary: bench_tcp_server, ram: 40M, '
            'config: { network: { ipv4: 10.0.0.1/24, ipv6: none, memory: 32M } } }\n' +
            TCP.format(batch=effort.ms * 1000000, network='ipv4: 10.0.0.2/24',
                       more=f"to: '10.0.0.1:5002', connections: {connections}"))


def tcp_host_scenario(effort, port, way):
    return ('start:\n  timer:\n  switch:\n'
            '  uplink-user: { route: { Network: { to: parent, args: { reach: host } } } }\n' +
            TCP.format(batch=effort.ms * 1000000, network='ipv4: 10.0.2.15/24, gateway: 10.0.2.2',
                       more=f"to: '10.0.2.2:{port}', way: {way}"))


def http_scenario(folder):
    path = pathlib.Path(folder, 'content')
    path.write_bytes(b'x' * HTTP_BYTES)
    return (f'files: {{ content: {path} }}\nstart:\n  timer:\n  switch:\n'
            '  uplink-user:\n    ram: 80M\n    caps: 300\n'
            '    route: { Network: { to: parent, args: { reach: ports } } }\n'
            "    config: { connections: 200, forward: [ { host: '127.0.0.1:0', guest: '10.0.2.15:80', "
            'scheme: http } ] }\n'
            '  http:\n    ram: 16M\n'
            '    route: { ROM: [ { match: content, to: parent } ] }\n'
            '    config: { files: { /: content }, network: { memory: 8M } }\n')


class Listening(Program):
    """A baseline program that serves others at a port of its own choice."""

    port = 0

    def begin(self):
        super().begin()
        line = self.lines.get()
        if line is None or not line.startswith('port '):
            raise Failed(f'{self.path.name}: no port{self.what_it_said()}')
        self.port = int(line.split()[1])


class HostedSystem(System):
    """A system with a client of a process of the host; SCENARIO gives its text for the port of that process."""

    def __init__(self, build, scenario, placement):
        super().__init__(build, scenario, placement)
        self.peer = Listening(build, ['tcp', 'serve'], placement, peer=False)

    def begin(self):
        self.peer.begin()
        super().begin()

    def text(self):
        return self.scenario(self.peer.port)

    def end(self):
        super().end()
        self.peer.end()


class HttpSystem(Quiet):
    """A system with a server that is reached by a port of the host."""

    FORWARDS = re.compile(r'\[uplink-user\] http://127\.0\.0\.1:(\d+)/ leads to')
    port = 0

    def __init__(self, build, placement):
        super().__init__(build, http_scenario, placement)

    def text(self):
        return self.scenario(self.folder.name)

    def after_start(self):
        while not (match := self.FORWARDS.match(self.line())):
            pass
        self.port = int(match[1])
        limit = time.monotonic() + PATIENCE
        while not answers(self.port):
            if time.monotonic() > limit:
                raise Failed(f'no answer at port {self.port}{self.what_it_said()}')


def answers(port):
    """Whether there is a server, within a second."""
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=1)
    try:
        connection.request('GET', '/')
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


class Wrk:
    """wrk over CONNECTIONS to a server; for use with `with`."""

    REQUESTS = re.compile(r'^Requests/sec:\s+([\d.]+)', re.MULTILINE)
    WRONG = re.compile(r'^.*(Socket errors|Non-2xx).*$', re.MULTILINE)

    def __init__(self, server, placement, connections):
        self.server = server
        self.placement = placement
        self.connections = connections

    def __enter__(self):
        if not shutil.which('wrk'):
            raise Unavailable('wrk is missing')
        self.server.__enter__()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def slice(self, _):
        """Nanoseconds for each request of a second."""
        command = ['wrk', '-t1', f'-c{self.connections}', '-d1s', f'http://127.0.0.1:{self.server.port}/']
        with start(command, self.placement, stdin=subprocess.DEVNULL) as process:
            text = process.communicate(timeout=PATIENCE)[0].decode(errors='replace')
        found, wrong = self.REQUESTS.search(text), self.WRONG.search(text)
        if wrong or not found or not float(found[1]):
            raise Failed(f'wrk: {wrong[0].strip() if wrong else text}')
        return 1e9 / float(found[1])
