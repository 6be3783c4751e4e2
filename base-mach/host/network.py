# SPDX-License-Identifier: BSD-2-Clause
"""The machine's network card, if the scenario has a driver for it: the arguments for QEMU.

The card leads to QEMU's network of the user. What that is and does is in the config of the component uplink-user,
with the keys that this component has on every platform (os/drivers/uplink/user.yaml), and how far it reaches in the
`reach` of its route of Network. A scenario is somebody else's text: nothing of it comes to QEMU that was not read as
what it has to be.
"""

import errno
import ipaddress
import re
import socket

import yaml

DRIVER = 'uplink-user'
CARD = 'ne2k_pci'
ADDRESS = re.compile(r'([0-9.]{7,15}):([0-9]{1,5})')
MAC = re.compile(r'[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}')
NAME = re.compile(r'[A-Za-z0-9_.-]{1,63}')
NO_NETWORK = []  # -nodefaults has none


class Refused(Exception):
    """The scenario wants what cannot be; the text says so."""


def entries(node, depth=0):
    """Names and entries of the scenario NODE, and of those within it."""
    start = node.get('start') if isinstance(node, dict) and depth < 8 else None
    for name, entry in start.items() if isinstance(start, dict) else ():
        entry = entry if isinstance(entry, dict) else {}
        yield name, entry
        yield from entries(entry.get('config'), depth + 1)


def find(scenario):
    """Name and entry of the driver, or None. A scenario that cannot be read is for init to complain about."""
    try:
        tree = yaml.load(scenario, yaml.BaseLoader)  # text only, as init has it
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return next((item for item in entries(tree) if item[1].get('binary', item[0]) == DRIVER), None)


def reach(entry):
    """The words of the argument `reach` of the route of Network."""
    routes = entry.get('route')
    route = routes.get('Network') if isinstance(routes, dict) else None
    for item in route if isinstance(route, list) else [route]:
        args = item.get('args') if isinstance(item, dict) else None
        if isinstance(args, dict) and isinstance(args.get('reach'), str):
            return args['reach'].split()
    return []


def text_of(config, key):
    value = config.get(key)
    return value if isinstance(value, str) else ''


def boolean(config, key, default):
    return {'true': True, 'false': False}.get(text_of(config, key), default)


def address(text, key):
    match = ADDRESS.fullmatch(text)
    try:
        host, port = ipaddress.IPv4Address(match[1]), int(match[2])
    except (TypeError, ValueError):
        port = 65536
    if port > 65535:
        raise Refused(f'{key} {text!r} of a forwarded port, expected an IPv4 address with a port, as 127.0.0.1:8080')
    return host, port


def free_port(host, port, kind):
    """PORT if nobody has it, or any that is free for 0."""
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((str(host), port))
        return probe.getsockname()[1]


def forward(item, words, restricted):
    """QEMU's option for a forwarded port, and the line that tells of it; or None and why there is none.

    RESTRICTED: then libslirp lets nothing out but TCP, not even answers to datagrams.
    """
    item = item if isinstance(item, dict) else {}
    (host, port), (guest, guest_port) = address(text_of(item, 'host'), 'host'), address(text_of(item, 'guest'), 'guest')
    protocol = 'udp' if item.get('protocol') == 'udp' else 'tcp'
    scheme = text_of(item, 'scheme')
    why = None
    if not host.is_loopback and 'open' not in words:
        why = 'the route of Network does not allow it'
    elif protocol == 'udp' and restricted:
        why = 'here datagrams need reach: "world host", and no restrict'
    else:
        try:
            port = free_port(host, port, socket.SOCK_DGRAM if protocol == 'udp' else socket.SOCK_STREAM)
        except OSError as error:
            why = 'the port is taken' if error.errno == errno.EADDRINUSE else error.strerror
    if why:
        text = f'cannot forward {protocol} {host}:{port} to {guest}:{guest_port}: {why}'
        if item.get('required') != 'false':
            raise Refused(text)
        return None, text
    shown = f'{scheme}://{host}:{port}/' if NAME.fullmatch(scheme) else f'{protocol} {host}:{port}'
    return f'hostfwd={protocol}:{host}:{port}-{guest}:{guest_port}', f'{shown} leads to {guest}:{guest_port}'


def network(text, least, key):
    try:
        value = ipaddress.ip_network(text, strict=False)
    except ValueError:
        value = None
    if value is None or value.version != least[0] or not least[1] <= value.prefixlen <= least[2]:
        raise Refused(f'{key} {text!r}, expected {least[3]}')
    return value


def is_restricted(config, words):
    """Nothing goes out but answers to forwarded ports. QEMU cannot keep the world and this machine apart."""
    return boolean(config, 'restrict', False) or not {'world', 'host'} <= set(words)


def options(config, words):
    """What QEMU is to be told of the network itself."""
    parts = []
    if 'network' in config:
        net = network(text_of(config, 'network'), (4, 8, 27, 'addresses as 10.0.2.0/24, 32 at least'), 'network')
        parts.append(f'net={net}')
    if 'network6' in config:
        net = network(text_of(config, 'network6'), (6, 64, 64, 'a prefix as fec0::/64'), 'network6')
        parts.append(f'ipv6-prefix={net.network_address}')
    if not boolean(config, 'dns', True):
        raise Refused('dns: false cannot be had here, for QEMU always resolves names')
    for key in ('ipv4', 'ipv6'):
        if not boolean(config, key, True):
            parts.append(f'{key}=off')
    if NAME.fullmatch(text_of(config, 'hostname')):
        parts.append(f'hostname={config["hostname"]}')
    if is_restricted(config, words):
        parts.append('restrict=on')
    return parts


def arguments(scenario):
    """QEMU's arguments for SCENARIO, bytes, and lines for the log. Raises Refused."""
    found = find(scenario)
    if not found:
        return NO_NETWORK, []
    name, entry = found
    config = entry.get('config') if isinstance(entry.get('config'), dict) else {}
    words = reach(entry)
    lines = []
    try:
        parts = options(config, words)
        if 'world' in words and 'host' not in words:
            lines.append('nothing can be reached but by forwarded ports: here the world comes with this machine only '
                         '(reach: "world host")')
        items = config.get('forward')
        for item in items if isinstance(items, list) else ():
            part, line = forward(item, words, is_restricted(config, words))
            parts += [part] if part else []
            lines.append(line)
        mac = text_of(config, 'mac')
        if 'mac' in config and not MAC.fullmatch(mac):
            raise Refused(f"mac '{mac}', expected an address of one card, as 02:00:00:00:00:01")
    except Refused as error:
        raise Refused(f'[{name}] {error}') from None
    card = f'{CARD},netdev=user,romfile=' + (f',mac={mac}' if mac else '')
    netdev = ','.join(['user,id=user', *parts])
    return ['-netdev', netdev, '-device', card], [f'[{name}] {line}' for line in lines]
