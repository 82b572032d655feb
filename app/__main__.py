"""``isump`` and ``python -m app``: the command line of ``app.cli``."""

from app.cli import main

if __name__ == "__main__":
    main()
