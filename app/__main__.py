"""``isump`` and ``python -m app``: the command line of ``app.cli``."""

from app.starting import starting


def main() -> None:
    """Entry point of both."""
    starting()
    from app import cli

    cli.main()


if __name__ == "__main__":
    main()
