"""The ``stillage`` command: commands come from plugins and are imported when they are called."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any

import click

from stillage.cli.console import Settings, settings
from stillage.cli.failures import report_failure
from stillage.errors import BadInput, PluginBroken

_PLUGINS = "stillage.cli.plugins:plugins"
"""Found without the host, so that ``plugins doctor`` works however broken the plugins are."""


def _verbose(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        settings().verbose = True
        logging.getLogger("stillage").setLevel(logging.DEBUG)


def _device(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    kind, _colon, number = value.partition(":")
    if kind not in ("cpu", "cuda", "mps", "auto") or (number and not number.isdigit()):
        raise BadInput("--device", repr(value), "cpu, cuda, cuda:N or auto")
    settings().device = value


def _shared_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            expose_value=False,
            callback=_verbose,
            help="More messages; tracebacks of unexpected errors.",
        ),
        click.Option(
            ["--device"],
            metavar="NAME",
            expose_value=False,
            callback=_device,
            help="Where torch computes: cpu (default), cuda, cuda:N or auto.",
        ),
    ]


def share_options(command: click.Command) -> click.Command:
    """Let a command and all below it take ``-v`` and ``--device`` too, after its own name."""
    taken = {flag for parameter in command.params for flag in parameter.opts}
    command.params.extend(o for o in _shared_options() if not taken & set(o.opts))
    if isinstance(command, click.Group):
        for below in command.commands.values():
            share_options(below)
    return command


class _SpecGroup(click.Group):
    """A group of the commands in plugins' specs; only the one that is called is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from stillage.plugin.host import get_host
        from stillage.plugin.spec import CommandSpec

        return sorted({"plugins", *(spec.name for spec in get_host().specs(CommandSpec))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give the command of that name.

        Raises
        ------
        BadInput, PluginBroken
            If no plugin has it, or the one that has it cannot be used.
        """
        if cmd_name not in self.commands:
            command = self._load(cmd_name)
            if not isinstance(command, click.Command):
                raise PluginBroken(f"command {cmd_name!r} is a {type(command).__name__}")
            self.commands[cmd_name] = share_options(command)
        return self.commands[cmd_name]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0].startswith("-"):
            raise click.NoSuchOption(args[0], ctx=ctx)
        return args[0], self.get_command(ctx, args[0]), args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from stillage.plugin.host import get_host
        from stillage.plugin.spec import CommandSpec

        summaries = {spec.name: spec.summary for spec in get_host().specs(CommandSpec)}
        summaries.setdefault("plugins", "List, diagnose, check or begin plugins.")
        rows = [(name, summaries[name]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    @staticmethod
    def _load(name: str) -> Any:
        from stillage.plugin.host import get_host
        from stillage.plugin.resolve import resolve
        from stillage.plugin.spec import CommandSpec

        if name == "plugins":
            return resolve(_PLUGINS)
        host = get_host()
        return host.resolve(host.spec(CommandSpec, name))


@click.group(cls=_SpecGroup, invoke_without_command=True, params=_shared_options())
@click.version_option(package_name="stillage", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Teach cheap sensors what rich ones know, and see what that is worth to a circular plant."""
    context.ensure_object(Settings)
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and give its exit code; errors are printed, never raised.

    0 ok, 1 failed, 2 usage or bad input, 3 work is missing and can be resumed, 4 a plugin is
    broken, 130 interrupted. A command that returns an integer gives that as its code.
    """
    options = Settings()
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("stillage: %(message)s"))
    logger = logging.getLogger("stillage")
    logger.addHandler(handler)
    level = logger.level
    try:
        code = cli.main(
            arguments if arguments is None else list(arguments),
            prog_name="stillage",
            standalone_mode=False,
            obj=options,
        )
        sys.stdout.flush()
    except SystemExit as leave:
        code = leave.code
    except BaseException as error:
        code = report_failure(error, verbose=options.verbose)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    return code if isinstance(code, int) and not isinstance(code, bool) else int(code is not None)


def main() -> None:
    """Run the ``stillage`` script."""
    sys.exit(run())


if __name__ == "__main__":
    main()
