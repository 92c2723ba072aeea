"""The command line, ``cryptodrug``: one module a group of commands.

``terminal`` and ``errors`` hold what all commands share. Nothing here imports the database
or the parsers before a command that needs them runs, so that help comes at once.
"""

__all__ = ["main"]


def main() -> None:
    """Run the command line (the console script's entry)."""
    from cryptodrug_scraper.common.terminal import prepare_streams

    prepare_streams()
    from cryptodrug_scraper.cli.app import app

    app(prog_name="cryptodrug")
