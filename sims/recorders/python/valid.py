"""Holds JSON Lines against a JSON Schema.

    python valid.py SCHEMA.json < LINES.jsonl

Prints for each line a list of what is wrong with it, in JSON. The exit code is 1 where one has
something wrong with it.
"""

import json
import sys

from jsonschema import Draft202012Validator


def main(path):
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    good = True
    for line in sys.stdin.buffer:
        found = validator.iter_errors(json.loads(line))
        wrong = sorted(f"{error.json_path}: {error.message}" for error in found)
        print(json.dumps(wrong))
        good = good and not wrong
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
