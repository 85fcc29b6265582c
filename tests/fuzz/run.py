"""Puts the program to the test by its own OpenAPI document, in every role.

    python run.py <iris> [--seconds 600] [--seed N] [--roles admin,nobody] [further arguments of schemathesis]

Starts throw-away servers, the program with demo data, and `st run` once for each role, with a share of the time.
Exits 0 where no check failed. A failing case is printed with a curl line; the seed makes the same cases again.
"""

import argparse
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

HERE = Path(__file__).resolve().parent
# In this order: those who can do most harm come last. ADMIN gets further than others, so it gets more of the time.
SHARES = {"nobody": 1, "auditor": 2, "partner": 1, "restaurant": 2, "supplier": 2, "admin": 3}
# The most that may be set. Limits are for strangers; they are tested in their own place.
UNLIMITED = "10000000"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("iris")
    parser.add_argument("--seconds", type=int, default=600, help="over all roles; the start comes on top")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--roles", default=",".join(SHARES))
    parser.add_argument("--within", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_known_args()


def around(iris, line):
    """The same again with servers of its own, which are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="iris-fuzz-") as folder:
        # What the caller's environment names is not for tests to write into.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "NATS_"))}
        command = [iris, "services", "--data-dir", folder, "--", sys.executable, "-I", __file__, "--within", *line]
        return subprocess.run(command, env=kept | {"IRIS_FUZZ_FOLDER": folder}, check=False).returncode


def environment(folder, port):
    # No NATS: without it nothing is sent to the addresses that webhooks are made up of.
    kept = {name: value for name, value in os.environ.items() if name != "NATS_URL"}
    return kept | {
        "APP_SECRET": secrets.token_hex(32),
        "HTTP_ADDR": f"127.0.0.1:{port}",
        "BLOB_DIR": f"{folder}/blobs",
        "RATE_LIMIT_PER_MINUTE": UNLIMITED,
        "LOG_FORMAT": "json",
    }


def once(iris, role, env):
    done = subprocess.run([iris, role], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"iris {role}: {done.stderr}")
    return done.stdout


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until_ready(process, base):
    for _ in range(600):
        if process.poll() is not None:
            sys.exit(f"iris serve ended with {process.returncode}")
        try:
            if requests.get(f"{base}/health/ready", timeout=5).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    sys.exit("iris serve does not become ready")


class Caller:
    """One of the demo's accounts."""

    def __init__(self, base, role):
        self.base = base
        login = {"email": f"{role}@iris.test", "password": "iris-dev"}
        token = requests.post(f"{base}/api/v1/auth/dev/login", json=login, timeout=30).json()["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def post(self, path, body=None, **headers):
        answer = requests.post(f"{self.base}/api/v1{path}", json=body, headers=self.headers | headers, timeout=30)
        if not answer.ok:
            sys.exit(f"POST {path}: {answer.text}")
        return answer.json()

    def get(self, path):
        return requests.get(f"{self.base}/api/v1{path}", headers=self.headers, timeout=30).json()


def scene(base):
    """Orders in every state and what hangs on them, so that requests find something. Returns the ids by their names."""
    restaurant, supplier, admin = (Caller(base, role) for role in ("restaurant", "supplier", "admin"))
    roles = ("admin", "supplier", "restaurant", "auditor", "partner")
    accounts = [Caller(base, role).get("/me")["account_id"] for role in roles]
    restaurant_id = restaurant.get("/me")["memberships"][0]["id"]
    supplier_id = supplier.get("/me")["memberships"][0]["id"]
    product_ids = [item["id"] for item in admin.get("/products?limit=5")["items"]]
    own = [item["id"] for item in admin.get(f"/products?limit=5&supplier_id={supplier_id}")["items"]]
    cart_ids, order_ids, item_ids = [], [], []
    for state in range(5):
        cart = restaurant.post("/carts", {"restaurant_id": restaurant_id})
        cart = restaurant.post(f"/carts/{cart['id']}/items", {"product_id": own[0], "qty": "1"})
        cart_ids.append(cart["id"])
        item_ids.append(cart["items"][0]["id"])
        if state == 0:
            continue
        body = {"cart_id": cart["id"], "payment_method": "invoice"}
        order = restaurant.post("/orders", body, **{"Idempotency-Key": cart["id"]})["id"]
        order_ids.append(order)
        if state > 1:
            supplier.post(f"/orders/{order}/confirm")
        if state > 2:
            supplier.post(f"/orders/{order}/deliver")
        if state > 3:
            restaurant.post(f"/orders/{order}/confirm-delivery")
    hook = {"url": "https://partner.example/hook", "events": ["iris.order.placed.v1"], "supplier_id": supplier_id}
    return {
        "account_id": accounts,
        "restaurant_id": [restaurant_id],
        "supplier_id": [supplier_id],
        "product_id": product_ids,
        "cart_id": cart_ids,
        "item_id": item_ids,
        "order_id": order_ids,
        "webhook_endpoint_id": [supplier.post("/webhook-endpoints", hook)["id"]],
    }


def test(role, turn, base, known, options, rest, report):
    """One role's run; its exit code."""
    shares = {name: SHARES[name] for name in options.roles.split(",")}
    share = max(1, options.seconds * shares[role] // sum(shares.values()))
    print(f"\n--- {role}: {share} s, seed {options.seed}", flush=True)
    env = os.environ | {
        "IRIS_FUZZ_ROLE": role,
        "IRIS_FUZZ_URL": base,
        "IRIS_FUZZ_KNOWN": json.dumps(known),
        "IRIS_FUZZ_TURN": str(turn),
        "IRIS_FUZZ_TURNS": str(len(shares)),
        "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"),
        "PYTHONPATH": str(HERE),
    }
    command = [
        str(Path(sys.executable).with_name("st")), "--config-file", str(HERE / "schemathesis.toml"),
        "run", f"{base}/api/v1/openapi.json", "--max-time", str(share), "--seed", str(options.seed), "--workers", "1",
        "--generation-database", "none", "--continue-on-failure", "--warnings", "off", "--no-color", *rest,
    ]
    said = subprocess.run(command, env=env, cwd=report, capture_output=True, text=True, check=False)
    print(said.stdout if said.returncode else re.split(r"=+ SUMMARY =+", said.stdout)[-1], said.stderr, flush=True)
    return said.returncode


def main():
    options, rest = arguments()
    line = sys.argv[1:]
    if not options.within:
        line += [] if "--seed" in " ".join(line) else ["--seed", str(options.seed)]
        sys.exit(around(options.iris, line))
    # Ctrl-C and SIGTERM alike: the program is stopped, and the servers by who started them.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = os.environ["IRIS_FUZZ_FOLDER"]
    port = free_port()
    base, env = f"http://127.0.0.1:{port}", environment(folder, port)
    once(options.iris, "migrate", env)
    env["DEV_USERS"] = once(options.iris, "seed", env).splitlines()[-1]
    log_path = Path(folder) / "iris.log"
    with log_path.open("w") as log:
        process = subprocess.Popen([options.iris, "serve"], env=env, stdout=log, stderr=log)
        try:
            until_ready(process, base)
            known = scene(base)
            codes = [
                test(role, turn, base, known, options, rest, folder)
                for turn, role in enumerate(options.roles.split(","))
            ]
        finally:
            process.terminate()
            ended = process.wait(30)
    # A panic is answered with 500 and caught above; one in the background is seen only here.
    panics = [line for line in log_path.read_text().splitlines() if "panicked" in line]
    print(*panics, sep="\n")
    failed = any(codes) or panics or ended
    print(f"fuzzing: {'FAILED' if failed else 'ok'}; seed {options.seed}; again with ARGS=\"--seed {options.seed}\"")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
