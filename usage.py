"""What typer says by itself on a page of help, in the reader's language."""

from typing import Any

from typer.core import TyperCommand, TyperGroup

from plansim.words.catalogue import default_language, say

LANG = default_language()
#: What stands for options, and for a command, where usage is shown.
OPTIONS, COMMAND = say("help.usage_options", LANG), say("help.usage_command", LANG)
#: Kinds of arguments, as typer names them.
KINDS = {"<str>": "help.text", "<path>": "help.path"}


class _Spoken:
    """A command whose page of help has no word but of the catalogue."""

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

    def get_params(self, ctx: Any) -> Any:
        found = super().get_params(ctx)
        for parameter in found:
            if parameter.name in ("install_completion", "show_completion"):
                parameter.help = say(f"help.{parameter.name}", LANG)  # type: ignore[attr-defined]
        return found
