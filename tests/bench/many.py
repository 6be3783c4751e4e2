#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes scenarios of many components, to measure and to look at: `many.py COUNT` prints one."""

import sys

CLIENTS = 8 # of each server


def scenario(count):
    """The text of a scenario of COUNT components, timer included: servers, each with clients of its own. Half of them
    are those that need the fewest caps, or a machine with few descriptors had not enough for 300."""
    lines = ['default-route:', '  - { service: LOG, to: parent }', '  - { service: Timer, to: { child: timer } }',
             'start:', '  timer:']
    server = ''
    for number in range(count - 1):
        if number % (CLIENTS + 1) == 0:
            server = f'server-{number // (CLIENTS + 1)}'
            lines.append(f'  {server}: {{ binary: hello-server, ram: 1M, caps: 32 }}')
            continue
        lines += [f'  client-{number}:',
                  f'    binary: {"bench_child" if number % 2 else "hello-client"}',
                  '    restart: { policy: on-failure, max: 5, delay: 200ms }',
                  '    route:',
                  '      Hello:',
                  f'        - {{ match: own, child: {server}, label: number-{number} }}',
                  f"        - {{ match: 'log-*', child: {server} }}",
                  f'        - {{ child: {server} }}']
    return '\n'.join(lines) + '\n'


if __name__ == '__main__':
    print(scenario(int(sys.argv[1])), end='')
