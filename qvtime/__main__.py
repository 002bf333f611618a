"""`qvtime`, also as `python -m qvtime`."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it quietly, also while its modules are still loading."""
    try:
        from qvtime.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
