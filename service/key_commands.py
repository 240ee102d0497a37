"""`python -m service keys create | list | revoke`: the file of keys, from the command line.

A new key goes to stdout alone, once; everything else that is said goes to stderr.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter
from rich.table import Column, Table

from service.key_file import KeyFileError, change_ring, read_ring
from service.keys import (
    EVERYDAY_SCOPES,
    GRANTABLE_SCOPES,
    NAME_MAX_CHARS,
    Key,
    KeyFault,
    KeyRing,
    Scope,
    make_key,
)
from service.origins import normalise_origin
from service.rates import parse_rate
from service.settings import SettingsError, read_settings
from service.terminal import EXIT_FAILED, fail, results

KeysFile = Annotated[
    Path | None, typer.Option("--keys-file", help="File of the keys, else CITEDESK_KEYS_FILE.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]

keys_app = typer.Typer(
    no_args_is_help=True, help="Make, list and revoke API keys; a running service follows."
)


def _checked(check: Callable[[str], object]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            checked = check(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        return checked if isinstance(checked, str) else text

    return parse


def _read_name(text: str) -> str:
    if not 1 <= len(text) <= NAME_MAX_CHARS or not text.isprintable():
        raise ValueError(f"a name has 1 to {NAME_MAX_CHARS} printable characters")
    return text


def _read_scopes(text: str) -> str:
    names = [name.strip() for name in text.split(",")]
    if not set(names) <= set(GRANTABLE_SCOPES):
        raise ValueError(f"scopes are of {', '.join(GRANTABLE_SCOPES)}, with commas between")
    return ",".join(names)


RateOption = Annotated[
    str | None, typer.Option(parser=_checked(parse_rate), metavar="N/PERIOD", help="60/minute.")
]


@keys_app.command()
def create(
    name: Annotated[
        str, typer.Argument(parser=_checked(_read_name), metavar="NAME", help="Who will use it.")
    ],
    scopes: Annotated[
        str, typer.Option(parser=_checked(_read_scopes), metavar="LIST", help="Of ask,search,feedback,admin.")
    ] = ",".join(EVERYDAY_SCOPES),
    origin: Annotated[
        list[str] | None,
        typer.Option(
            parser=_checked(normalise_origin),
            metavar="ORIGIN",
            help="https://host of pages that embed the widget; makes the key publishable. Repeatable.",
        ),
    ] = None,
    rate: RateOption = None,
    total_rate: RateOption = None,
    expires: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day (UTC) on which it works.")
    ] = None,
    keys_file: KeysFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, once: only its hash is kept.

    --rate counts for the key, or for each visitor of a publishable one; --total-rate for all its visitors.
    """
    with _reported_faults():
        text, key = make_key(
            name,
            scopes=[Scope(each) for each in scopes.split(",")],
            origins=origin or (),
            rate=rate,
            total_rate=total_rate,
            expires=None if expires is None else expires.date(),
            now=datetime.now(UTC).replace(microsecond=0),
        )
        file = _file(keys_file)
        change_ring(file, lambda ring: ring.with_key(key))
    if as_json:
        typer.echo(json.dumps({"key": text, **_describe(key)}, ensure_ascii=False))
        return
    typer.echo(text)
    kind = f"publishable, for pages of {', '.join(key.origins)}" if key.publishable else "secret"
    typer.echo(f"{key.name}: {kind}; kept as {key.id} in {file}. It is not shown again.", err=True)


@keys_app.command("list")
def list_keys(keys_file: KeysFile = None, as_json: AsJson = False) -> None:
    """List the keys that were made, those that don't work any more included."""
    with _reported_faults():
        ring = read_ring(_file(keys_file)) or KeyRing((), "")
    if as_json:
        typer.echo(json.dumps({"keys": [_describe(key) for key in ring.keys]}, ensure_ascii=False))
        return
    columns = [
        Column(name, overflow="fold") for name in ("name", "scopes", "origins", "rate", "made", "state")
    ]
    table = Table(Column("id", no_wrap=True), *columns)
    now = datetime.now(UTC)
    for key in ring.keys:
        rates = [key.rate or "default", *([f"all: {key.total_rate}"] if key.total_rate else [])]
        until = f"until {key.expires}" if key.expires else "works"
        table.add_row(
            key.id, key.name, "\n".join(key.scopes), "\n".join(key.origins), "\n".join(rates),
            f"{key.created:%Y-%m-%d}", key.why_unusable(now) or until,
        )  # fmt: skip
    results().print(table)


@keys_app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As the list shows it.")],
    keys_file: KeysFile = None,
) -> None:
    """Let a key work no more; a running service hears of it within two seconds."""
    with _reported_faults():
        now = datetime.now(UTC).replace(microsecond=0)
        change_ring(_file(keys_file), lambda ring: ring.without(key_id, now=now))
    typer.echo(f"{key_id} is revoked", err=True)


def _describe(key: Key) -> dict[str, object]:
    described: dict[str, object] = TypeAdapter(Key).dump_python(key, mode="json", exclude={"digest"})
    return described


def _file(given: Path | None) -> Path:
    return read_settings({"keys_file": given}).keys_file


@contextmanager
def _reported_faults() -> Iterator[None]:
    try:
        yield
    except (KeyFault, KeyFileError, SettingsError) as error:
        fail(error, EXIT_FAILED)
