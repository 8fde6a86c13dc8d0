"""`python -m rl_studio` is `rl-studio`."""

import sys

from rl_studio.cli import main

if __name__ == "__main__":
    sys.exit(main())
