"""What the exit code of `rl-studio` says."""

EXIT_DONE = 0
"""What was asked for was done."""
EXIT_FAILED = 1
"""It was not; the reason is on stderr."""
EXIT_USAGE = 2
"""The command line is wrong."""
EXIT_DISK_FULL = 4
"""Of `serve`: there is no room on the project's disk. The editor, which reads no words of its, tells by that."""
EXIT_READ_ONLY = 5
"""Of `serve`: the project cannot be written to."""
EXIT_INTERRUPTED = 130
"""The user stopped it; a training run has saved a checkpoint."""
