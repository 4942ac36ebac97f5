"""`python -m pipelines`: the same as `paylake`."""

from pipelines.cli import main

if __name__ == "__main__":
    main()
