"""What typer says by itself, on a page of help and of a line that it cannot read, in the reader's
language.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from plansim.simulator.errors import Fault, nearest
from plansim.words.catalogue import LANGUAGES, default_language, say, say_fault

LANG = default_language()
#: What stands for options, and for a command, where usage is shown.
OPTIONS, COMMAND = say("help.usage_options", LANG), say("help.usage_command", LANG)
#: Kinds of arguments, as typer names them.
KINDS = {"<str>": "help.text", "<path>": "help.path"}


#: What typer raises where it cannot read a line.
UsageError: Any = typer.BadParameter.__mro__[1]
WRONG_LINE = 2


def language_of(words: Sequence[str]) -> str:
    """The language that a line asks for, though it cannot be read; else that of the reader."""
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        asked = following if word == "--lang" else word.removeprefix("--lang=")
        if word.startswith("--lang") and asked in LANGUAGES:
            return asked
    return LANG


def fault_of(problem: Any, words: Sequence[str], commands: Sequence[str]) -> Fault:
    """What is wrong with a line. ``words``: of the line; ``commands``: those that there are."""
    kind, message = type(problem).__name__, str(problem.message)
    option = str(getattr(problem, "option_name", ""))
    if kind == "NoSuchOption":
        near = ", ".join(sorted(problem.possibilities or ()))
        return Fault("no_such_option", {"value": option, "nearest": near})
    if kind == "BadOptionUsage":
        bare = "does not take" in message
        return Fault("option_takes_nothing" if bare else "option_needs_value", {"value": option})
    parameter = getattr(problem, "param", None)
    if parameter is not None:
        is_option = parameter.param_type_name == "option"
        called = parameter.opts[0] if is_option else parameter.metavar or parameter.name
        missing = kind == "MissingParameter"
        return Fault("missing_argument" if missing else "bad_argument", {"value": called})
    if message.startswith("No such command"):
        return Fault("no_such_command", {"value": words[0], "nearest": nearest(words[0], commands)})
    if message.startswith("Got unexpected extra"):
        return Fault("extra_argument", {"value": message.partition("(s) (")[2].rstrip(")")})
    return Fault("bad_argument", {"value": " ".join(words)})


@contextmanager
def spoken(words: Sequence[str], page: str, commands: Sequence[str] = ()) -> Iterator[None]:
    """Ends with what is wrong with a line, and where help is, in the language of the line."""
    try:
        yield
    except UsageError as problem:
        if type(problem).__name__ == "NoArgsIsHelpError":
            raise
        lang = language_of(words)
        told = say("say.error", lang) + say_fault(fault_of(problem, words, commands), lang)
        print(told, say("say.help", lang, value=f"{page} -h"), sep="\n", file=sys.stderr)
        raise typer.Exit(WRONG_LINE) from None


class _Spoken:
    """A command that says no word but of the catalogue."""

    def make_context(self: Any, info_name: Any, args: Any, parent: Any = None, **more: Any) -> Any:
        above = "" if parent is None else f"{parent.command_path} "
        with spoken(tuple(args), f"{above}{info_name}"):
            return super().make_context(info_name, args, parent, **more)  # type: ignore[misc]

    def format_usage(self: Any, ctx: Any, formatter: Any) -> None:
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=f"{say('help.usage', LANG)} ")

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = say("help.help", LANG)
        return option

    def format_help(self: Any, ctx: Any, formatter: Any) -> None:
        from typer import rich_utils

        rich_utils.OPTIONS_PANEL_TITLE = say("help.options_panel", LANG)
        rich_utils.ARGUMENTS_PANEL_TITLE = say("help.arguments_panel", LANG)
        rich_utils.COMMANDS_PANEL_TITLE = say("help.commands_panel", LANG)
        rich_utils.DEFAULT_STRING = say("help.default", LANG, value="{}")
        rich_utils.REQUIRED_LONG_STRING = say("help.required", LANG)
        for parameter in self.get_params(ctx):
            _name_type(parameter, ctx)
        super().format_help(ctx, formatter)  # type: ignore[misc]


def _name_type(parameter: Any, ctx: Any) -> None:
    """What kind of value a parameter takes, where it does not say so itself."""
    if parameter.param_type_name == "argument":
        kind = getattr(parameter, "display_type", lambda _: None)(ctx)
        if kind in KINDS:
            parameter.display_type = lambda _: say(KINDS[kind], LANG)
    elif parameter.metavar is None:
        is_switch = getattr(parameter, "is_flag", False)
        parameter.metavar = say("help.switch" if is_switch else "help.text", LANG)


class Command(_Spoken, TyperCommand):
    """One command."""


class Group(_Spoken, TyperGroup):
    """All commands; completion explains itself in the reader's language too."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        with spoken(tuple(args), ctx.command_path, self.list_commands(ctx)):
            return super().resolve_command(ctx, args)

    def get_params(self, ctx: Any) -> Any:
        found = super().get_params(ctx)
        for parameter in found:
            if parameter.name in ("install_completion", "show_completion"):
                parameter.help = say(f"help.{parameter.name}", LANG)  # type: ignore[attr-defined]
        return found
