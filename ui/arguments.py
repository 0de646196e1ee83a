"""Command-line arguments of the interface, given after `--`."""

import argparse
from dataclasses import dataclass

from ui.guard import read_hosts, read_origins


@dataclass(frozen=True, slots=True)
class Arguments:
    api_url: str
    allowed_hosts: tuple[str, ...]
    allowed_origins: tuple[str, ...]


def read_arguments(argv: list[str]) -> Arguments:
    """Exits with a usage message if an argument is invalid."""
    parser = argparse.ArgumentParser(prog="ui/main.py")
    parser.add_argument("--api-url", default="http://127.0.0.1:8000")
    parser.add_argument("--allowed-hosts", default="", help="see ZHIWEN_ALLOWED_HOSTS")
    parser.add_argument("--allowed-origins", default="", help="see ZHIWEN_ALLOWED_ORIGINS")
    found = parser.parse_args(argv)
    try:
        hosts, origins = read_hosts(found.allowed_hosts), read_origins(found.allowed_origins)
    except ValueError as error:
        parser.error(str(error))
    return Arguments(found.api_url, hosts, origins)
