"""A converter for tests: writes files that say what it was asked for, and fails as the policies' names say."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path


def say(tag: str, **values: object) -> None:
    sys.stdout.write(f"{tag} {json.dumps(values)}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--output", required=True)
    parser.add_argument("--policy", action="append", dest="policies")
    for option in ("--run-id", "--opset", "--ir-version", "--godot"):
        parser.add_argument(option)
    parser.add_argument("--tolerance", default=argparse.SUPPRESS)
    options = parser.parse_args()
    asked = {key: str(value) for key, value in vars(options).items() if key not in ("policies", "output")}
    files = []
    for number, policy in enumerate(options.policies):
        say("@EVENT", kind="status", message=f"{policy}: loading the policy")
        if policy == "different":
            data = {"differences": {"output": 0.5}, "different_actions": 3}
            say("@EVENT", kind="error", code="export", message="Too different.", hint="Train.", data=data)
            return 1
        if policy == "crash":
            sys.stderr.write("Segmentation fault\n")
            return 3
        if policy == "endless":
            time.sleep(60)
        path = Path(options.output.replace("{policy}", f"file{number}"))
        path.write_text(json.dumps({"policy": policy, **asked}))
        proof = {"observations": 1000, "godot": None}
        files.append({"path": str(path), "policy": policy, "proof": proof, "max_difference": 1e-7})
    say("@RESULT", files=files)
    return 0


if __name__ == "__main__":
    sys.exit(main())
