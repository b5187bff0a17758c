"""Addresses as limits count them."""

from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address, IPv6Network

PREFIX = 64
"""Bits of an IPv6 address that a household or a machine has to itself, and can fill the rest of as it likes."""


@lru_cache(maxsize=10_000)
def network(address: str) -> str:
    """The network that an IPv6 address is of, e.g. `2001:db8::/64`; any other address as it is."""
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address)
    except AddressValueError:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((parsed.packed, PREFIX), strict=False))
