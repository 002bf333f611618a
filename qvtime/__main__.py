"""`python -m qvtime` is `qvtime`."""

from qvtime.cli.main import main

if __name__ == "__main__":
    main()
