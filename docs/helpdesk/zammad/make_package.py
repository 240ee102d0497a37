"""Write a Zammad package that puts the Citedesk widget beside each ticket.

    python make_package.py https://help.example.com pk_... "de-de en-us ja-jp" > citedesk.zpm

Needs nothing but Python. The arguments are the address of the service, a publishable key with
the origin of the Zammad, and the locales of the articles.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

FILES = {
    "sidebar_citedesk.coffee": "app/assets/javascripts/app/controllers/ticket_zoom/sidebar_citedesk.coffee",
    "zz_citedesk.rb": "config/initializers/zz_citedesk.rb",
}
# What may stand between the quotes of a program.
ARGUMENTS = {
    "SERVICE": r"https://[a-z0-9.-]+(:\d+)?",
    "KEY": r"pk_\w+",
    "LOCALES": r"[a-z]{2,3}(-[a-z0-9]+)*( [a-z]{2,3}(-[a-z0-9]+)*)*",
}


def make_package(values: Mapping[str, str]) -> dict[str, object]:
    """The package as JSON values.

    Raises:
        ValueError: a value does not fit.
    """
    for name, pattern in ARGUMENTS.items():
        if not re.fullmatch(pattern, values[name], re.ASCII):
            raise ValueError(f"{name} does not fit: {values[name]!r}")
    return {
        "name": "Citedesk",
        "version": "1.0.0",
        "vendor": "Citedesk",
        "license": "MIT",
        "url": values["SERVICE"],
        "files": [
            {"location": location, "permission": 644, "encode": "base64", "content": _encode(name, values)}
            for name, location in FILES.items()
        ],
    }


def _encode(name: str, values: Mapping[str, str]) -> str:
    text = Path(__file__).with_name(name).read_text("utf-8")
    for argument, value in values.items():
        text = text.replace(f"@{argument}@", value)
    return base64.b64encode(text.encode()).decode()


if __name__ == "__main__":
    if len(sys.argv) != 1 + len(ARGUMENTS):
        sys.exit(__doc__)
    try:
        package = make_package(dict(zip(ARGUMENTS, sys.argv[1:], strict=True)))
    except ValueError as error:
        sys.exit(str(error))
    print(json.dumps(package, indent=2))
