"""`python -m streams` is the command line."""

from streams.cli import run

if __name__ == "__main__":
    run()
