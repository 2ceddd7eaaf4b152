"""Errors are sentences to a person: the commands they name exist, and so do their exit codes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import typer

from rag import errors
from tests.conftest import ROOT
from ui.cli import app

_COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
_NAMED = re.compile(r"(?:^|[`\s(:])rag ([a-z]+)((?:[^`.;)\n]| --)*)")


def _texts(path: Path) -> list[str]:
    """The string literals of a file, those of f-strings joined, docstrings included."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "X" for part in node.values]
            found.append("".join(str(part) for part in parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return found


def test_every_command_named_in_a_text_exists() -> None:
    named = 0
    for room in ("rag", "ingest", "ui"):
        for path in (ROOT / room).rglob("*.py"):
            for text in _texts(path):
                for match in _NAMED.finditer(text):
                    verb, rest = match[1], match[2]
                    assert verb in _COMMANDS, f"{path.name}: rag {verb}"
                    known = {"--help"} | {
                        name for one in _COMMANDS[verb].params for name in one.opts
                    }
                    for option in re.findall(r"--[a-z-]+", rest):
                        assert option in known, f"{path.name}: rag {verb} {option}"
                    named += 1
    assert named > 10


def test_the_drawn_tree_is_the_tree() -> None:
    drawn = dict(re.findall(r"(\w+)\s+exit (\d)", errors.__doc__ or ""))
    classes = {
        name: str(thing.exit_code)
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, errors.SourceboundError)
    }
    assert drawn == classes
    assert set(classes.values()) <= {"2", "3", "4", "5"}
