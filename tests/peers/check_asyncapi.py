"""Validates an AsyncAPI 3.0 document against the schema that the AsyncAPI project publishes, and events against it.

asyncapi-3.0.0.schema.json is schemas/3.0.0-without-$id.json of the npm package @asyncapi/specs 6.11.1 (Apache-2.0),
without its white space.

In:  {"document": {...}, "events": [{...}, ...], "thin": [{...}, ...]}; webhooks carry both
Out: {"document": [fault, ...], "references": [fault, ...], "events": [fault, ...]}
"""

import json
import pathlib
import sys

from jsonschema import Draft7Validator
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT7

PUBLISHED = pathlib.Path(__file__).with_name("asyncapi-3.0.0.schema.json")


def faults(validator, document, prefix=""):
    return [f"{prefix}{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(document)]


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def unresolved(registry, document):
    resolver = registry.resolver("urn:document")
    for reference in set(references(document)):
        try:
            resolver.lookup(reference)
        except Unresolvable as fault:
            yield f"{reference}: {fault}"


def judge(registry, message, event):
    payload = {"$ref": f"urn:document#/components/messages/{message}/payload"}
    return faults(Draft7Validator(payload, registry=registry), event, f"{message} {event['type']} ")


asked = json.load(sys.stdin)
described = Registry().with_resource("urn:document", DRAFT7.create_resource(asked["document"]))
found = []
for sent in asked["events"]:
    found += judge(described, sent["type"], sent)
for sent in asked["events"] + asked["thin"]:
    found += judge(described, "webhook", sent)
json.dump(
    {
        "document": faults(Draft7Validator(json.loads(PUBLISHED.read_text())), asked["document"]),
        "references": list(unresolved(described, asked["document"])),
        "events": found,
    },
    sys.stdout,
)
