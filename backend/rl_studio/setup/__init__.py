"""Makes, mends and removes the managed environment: a Python environment of the studio's own, for all projects.

Only Python's own library is used here and in what is imported from elsewhere, so that any Python from 3.11 on can
run it straight out of the wheel that the addon carries, before anything is installed:

    <data>/env/                the environment; good only if its rl-studio.json says "ready"
    <data>/setup/setup.log     output of the last set-up
    <data>/setup/wheels/       the wheel that is installed
    <data>/setup/downloads/    what was downloaded; kept until the environment is ready
    <data>/setup/lock/         locked while somebody sets up

Killed at any point, a set-up leaves what it has, and the next one goes on from there.
"""
