"""Addresses: of this machine, and public ones, from which pictures are fetched on behalf of others."""

import socket
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import certifi
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.exceptions import HTTPError

MOST_BYTES = 20 * 2**20
REDIRECTS = 3
TIMEOUT = Timeout(connect=5, read=10)


class Refused(Exception):
    """The reason why an address is not fetched."""


def fetch_public(address: str, file: Path) -> None:
    """Fetch a file of at most ``MOST_BYTES`` from a public address, also after up to ``REDIRECTS`` redirects.

    A name is resolved only once, and the connection goes to the address that was checked. So a name cannot
    change to a private address in between. Raises ``Refused``.
    """
    for _ in range(REDIRECTS + 1):
        if not (address := _get(address, file)):
            return
    raise Refused("too many redirects")


def _get(address: str, file: Path) -> str:
    """Fetch once; returns where the address is redirected to, or nothing once the file is there."""
    try:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Refused("not a web address")
        secure, path = parts.scheme == "https", f"{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}"
        port = parts.port or (443 if secure else 80)
        host = public_ip(parts.hostname, port)
        with _pool(host, port, parts.hostname, secure) as pool:
            answer = pool.request(
                "GET", path, headers={"Host": parts.netloc.rpartition("@")[2]}, redirect=False,
                preload_content=False, retries=False, timeout=TIMEOUT,
            )  # fmt: skip
            if onward := answer.get_redirect_location():
                return urljoin(address, onward)
            if answer.status != 200:
                raise Refused(f"the server answered with status {answer.status}")
            content = answer.read(MOST_BYTES + 1, decode_content=True)
    except (HTTPError, OSError, ValueError) as error:
        raise Refused("cannot be fetched") from error
    if len(content) > MOST_BYTES:
        raise Refused(f"larger than {MOST_BYTES >> 20} MiB")
    file.write_bytes(content)
    return ""


def public_ip(host: str, port: int) -> str:
    """A public address of ``host``; raises ``Refused`` if any of its addresses is not public."""
    found = {str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    if not all(_is_public(one) for one in found):
        raise Refused("its host is in a private network")
    return min(found)


def is_loopback(host: str) -> bool:
    """Whether a name or an address is of this machine alone."""
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):  # no such name, so nothing can listen on it
        return False
    return all(ip_address(one.partition("%")[0]).is_loopback for one in found)


def in_address(host: str) -> str:
    """A host as written in a web address, where an IPv6 address is in brackets."""
    return f"[{host}]" if ":" in host else host


def _is_public(address: str) -> bool:
    one = ip_address(address.partition("%")[0])
    inner = getattr(one, "ipv4_mapped", None) or getattr(one, "sixtofour", None) or one
    return one.is_global and inner.is_global and not one.is_multicast


def _pool(ip: str, port: int, name: str, secure: bool) -> HTTPConnectionPool:
    if not secure:
        return HTTPConnectionPool(ip, port)
    return HTTPSConnectionPool(
        ip,
        port,
        server_hostname=name,
        assert_hostname=name,
        cert_reqs="CERT_REQUIRED",
        ca_certs=certifi.where(),
    )
