"""Reads events by the CloudEvents SDK, and validates them against the JSON Schemas that they name.

In:  {"schemas": [schema, ...], "events": [text, ...]}
Out: [{"type", "subject", "time", "faults": [...]}, ...], an item per event, in order.
"""

import json
import sys

from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from jsonschema import Draft202012Validator, FormatChecker

ENVELOPE = "urn:iris:schema:envelope"


def validator(schema):
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def faults(validators, schema_id, document):
    if schema_id not in validators:
        return [f"there is no schema {schema_id}"]
    return [f"{error.json_path}: {error.message}" for error in validators[schema_id].iter_errors(document)]


def judge(validators, text):
    try:
        event = JSONFormat().read(CloudEvent, text)
    except CloudEventValidationError as fault:
        return {"faults": [f"no CloudEvent: {fault}"]}
    document = json.loads(text)
    found = faults(validators, ENVELOPE, document)
    # The schema is the one that the event itself names.
    found += faults(validators, event.get_dataschema(), event.get_data())
    return {
        "type": event.get_type(),
        "subject": event.get_subject(),
        "time": event.get_time().isoformat(),
        "faults": found,
    }


asked = json.load(sys.stdin)
by_id = {schema["$id"]: validator(schema) for schema in asked["schemas"]}
json.dump([judge(by_id, text) for text in asked["events"]], sys.stdout)
