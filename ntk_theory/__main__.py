"""``python -m ntk_theory``: the command line, where no script was installed."""

from ntk_theory.cli import main

if __name__ == "__main__":
    main()
