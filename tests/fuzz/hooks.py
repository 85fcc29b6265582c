"""What the OpenAPI document cannot say: who calls, which ids exist, and which refusals no schema foresees."""

import hashlib
import json
import os
import re
import time
import uuid

import requests
import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData

ROLE = os.environ["IRIS_FUZZ_ROLE"]
PASSWORD = "iris-dev"
# Of the demo and of what run.py has made: {"restaurant_id": [...], ...}.
KNOWN = json.loads(os.environ["IRIS_FUZZ_KNOWN"])
# A log of this demo never gets there, and a read that waits for it costs two seconds.
POSITION_MAX = 100

# --- Who calls ------------------------------------------------------------------------------------------------

if ROLE != "nobody":

    @schemathesis.auth(refresh_interval=300)
    class Login:
        def get(self, case, context):
            for _ in range(10):
                answer = requests.post(
                    f"{os.environ['IRIS_FUZZ_URL']}/api/v1/auth/dev/login",
                    json={"email": f"{ROLE}@iris.test", "password": PASSWORD},
                    timeout=30,
                )
                # Cases guess passwords from the same address; this one waits until its turn comes.
                if answer.status_code != 429:
                    break
                time.sleep(int(answer.headers["Retry-After"]))
            answer.raise_for_status()
            return answer.json()["access_token"]

        def set(self, case, token, context):
            case.headers["Authorization"] = f"Bearer {token}"


# --- Where a run begins ---------------------------------------------------------------------------------------


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Each role begins at another sixth of the paths: together they see all of them, however short the time."""
    paths = list(raw_schema["paths"].items())
    turn = int(os.environ["IRIS_FUZZ_TURN"]) * len(paths) // int(os.environ["IRIS_FUZZ_TURNS"])
    raw_schema["paths"] = dict(paths[turn:] + paths[:turn])


# --- Ids that exist -------------------------------------------------------------------------------------------


def known(name, value):
    """In half of the cases one of the ids that exist, by the value alone: the same case is the same again."""
    ids = KNOWN.get(name)
    try:
        drawn = uuid.UUID(value) if isinstance(value, str) and ids else None
    except ValueError:
        drawn = None
    if drawn is None:
        return value
    dice = hashlib.sha256(value.encode()).digest()
    return ids[dice[1] % len(ids)] if dice[0] % 2 else value


def kind_of(context, name):
    """`{id}` says what it is an id of by the collection before it: /suppliers/{id} is a supplier_id."""
    if name != "id" or context.operation is None:
        return name
    collection = context.operation.path.split("/{id}")[0].rsplit("/", 1)[-1]
    return collection.removesuffix("s").replace("-", "_") + "_id"


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    for name, value in (path_parameters or {}).items():
        path_parameters[name] = known(kind_of(context, name), value)
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    for name, value in (query or {}).items():
        query[name] = known(name, value)
    return query


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict):
        for name, value in body.items():
            body[name] = known(name, value)
    return body


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = case.headers or {}
    position = headers.get("Iris-Min-Position")
    if position is not None and str(position).isdecimal() and int(position) > POSITION_MAX:
        headers["Iris-Min-Position"] = str(int(position) % POSITION_MAX)
    # Whoever erases or disables the logins of the demo has nobody left to ask as.
    if case.operation.path.endswith(("/accounts/{id}/erase", "/accounts/{id}/disable")):
        if str((case.path_parameters or {}).get("id", "")).lower() in KNOWN["account_id"]:
            case.path_parameters["id"] = str(uuid.UUID(int=1))


# --- What is no text ------------------------------------------------------------------------------------------

for media_type in (
    "application/octet-stream",
    "application/pdf",
    "application/x-ndjson",
    "image/jpeg",
    "image/png",
    "image/tiff",
):

    @schemathesis.deserializer(media_type)
    def as_is(context, response):
        """Bytes; what they are is tested where they are made."""
        return response.content.decode("latin-1")


# --- Refusals that no schema foresees -------------------------------------------------------------------------

# A well-formed request may be refused for these, and for nothing else. By the word of the fault, and by its field
# (indices left out) where the word alone would cover too much.
ACCEPTED = {
    # Facts about what is there.
    "idempotency_key_reused",  # the key was used for another request
    "unknown_line",  # the order has no such line
    "product_not_found",  # nor the catalogue such a product
    "at_position:out_of_range",  # the same, in a body
    "from_position:beyond_the_end",  # of the log
    "since:beyond_the_end",
    "in_the_past",  # what day it is no schema knows
    "in_the_future",
    "order_id:other_parties",  # than the invoice's
    "expires_at:too_far",  # a key has its longest life
    "items:too_many",  # of what a restaurant has on its shelves
    "product_id:too_many",  # of what two have agreed on
    "valid_from:too_many",
    "rule.kind:another_kind",  # than the rule has
    # Two members that exclude each other, or need each other.
    "cursor_given",
    "time_given",
    "position_given",
    "both_given",
    "after_to",
    "valid_until:before_first_day",
    "limits.ceiling_cents:below_floor",
    "limits.round_to_cents:unknown_value",  # 1, 10, 50 or 100
    "expires_on:nothing_came",  # where the stock fell
    "not_offered",  # of paging, beside filters that are looked through and not counted
    "to:too_long",  # a window has its most days
    "names_the_person",  # the reason of an erasure
    "change:missing",  # or `counted`
    "tax_rate:missing",  # or `tax_category`
    "from_position:missing",  # or `since`
    "restaurant_id:missing",  # or `supplier_id`, of whoever is no partner
    "filter.one_of:missing",  # or `at_least`, `at_most`
    "product_id:missing",  # or `category`, of a price rule
    "not_alone",  # `*` beside names
    "repeated",  # one member of a list twice, by one of its own members
    # Check digits, signatures, and registers that are too long for a document or change by themselves.
    "invalid_cursor",
    "invalid_gtin",
    "invalid_gln",
    "invalid_bankgiro",
    "invalid_plusgiro",
    "invalid_iban",
    "unknown_unit",
    "unknown_time_zone",
    "unknown_event_type",
    "kind:unknown_value",  # of accesses; the refusal lists them
    "stream_type:unknown_value",
    # Bounds of a decimal that is given as text, and of its places that is given as a number.
    "must_be_positive",
    "too_many_decimals",
    "invalid_tax_rate",
    "qty:out_of_range",
    "pack_qty:out_of_range",
    "items.qty:out_of_range",
    "lines.delivered_qty:out_of_range",
    "lines.received_qty:out_of_range",
    "lines.quantity:out_of_range",
    "lines.qty:out_of_range",
    "lines.unit_price:out_of_range",
    "change:out_of_range",
    "counted:out_of_range",
    "stock_qty:out_of_range",
    "low_stock_qty:out_of_range",
    # What RFC 5321 and RFC 3986 allow and nobody uses: quoted local parts, hosts without a dot, other schemes.
    "invalid_email",
    "invalid_url",
    "url_too_long",
    "scheme_refused",
    "credentials_refused",
    "fragment_refused",
    "port_refused",
    "address_refused",
    "single_label_refused",
    "trailing_dot_refused",
    "local_name_refused",
    "invalid_path",
    # Characters that show nothing, by their kind.
    "invisible_character",
    # An object of the caller's own: how deep and how large, as JSON.
    "delivery_prefs:too_deep",
    "delivery_prefs:too_long",
    "delivery_prefs:decimal_number",
    "delivery_prefs:reserved_members",
    # Files are judged by their bytes.
    "unknown_file_type",
    "empty_file",
    "unreadable_file",
    "missing_column",
    "unknown_column",
    "unnamed_column",
    "duplicate_column",
}


def refusals(response):
    """The words of a refusal with their fields: those of its faults, else its own."""
    try:
        body = response.json()
        # A corrected invoice stands in `document`, as it would stand by itself.
        bare = lambda field: re.sub(r"\[\d+\]", "", field).removeprefix("document.")
        found = [(bare(fault["field"]), fault["code"], fault["field"]) for fault in body["details"]]
        return found or [("", body["code"], "")]
    except (ValueError, KeyError, TypeError):
        return [("", "not an answer of ours", "")]


def value_at(case, field):
    """What was sent there; None where that cannot be told."""
    value = case.body if isinstance(case.body, (dict, list)) else case.query
    try:
        for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", field):
            value = value[int(index)] if index else value[name]
    except (KeyError, IndexError, TypeError):
        return None
    return value


def is_accepted(case, field, word, place):
    if word in ACCEPTED or f"{field}:{word}" in ACCEPTED:
        return True
    # Failed logins and refreshes are few, whatever RATE_LIMIT_PER_MINUTE says. Nothing else is limited here.
    if word == "rate_limited":
        return "/auth/" in case.operation.path
    # Text within an object of the caller's own has no schema; NUL is refused there as everywhere.
    if word == "control_character" and field.startswith("delivery_prefs"):
        return True
    sent = value_at(case, place)
    # Text is trimmed before it is measured; a pattern that said so would be most of the document.
    if word == "too_short" and isinstance(sent, str):
        return not sent.strip() or sent.strip() != sent
    # 1.8e308 is a number to JSON Schema, and none that a quantity or a price could be.
    if word == "invalid_number" and isinstance(sent, float):
        return abs(sent) > 1e27
    # 62.0 is an integer to JSON Schema, and a decimal number to whoever wrote it.
    if word == "wrong_type" and isinstance(sent, float):
        return sent.is_integer()
    return False


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """False drops the failure."""
    # HTTP lets whatever stands between add headers, so one that is unknown is no fault of a request.
    if isinstance(failure, AcceptedNegativeData) and "in header - object with unexpected properties" in failure.message:
        return False
    # A stretch that ends beyond the log ends with it, by however much.
    if isinstance(failure, AcceptedNegativeData) and case.operation.path.endswith("/audit/verify"):
        return not any(words in failure.message for words in ("Value greater than maximum", "`maximum`"))
    if isinstance(failure, RejectedPositiveData):
        return not all(is_accepted(case, *refusal) for refusal in refusals(response))
    return True
