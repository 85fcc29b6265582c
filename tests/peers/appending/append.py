"""`eventsourcing` appending orders: its recorder for Postgres, as an application of it would be given one.

Input: a JSON object on standard input, see README.md. Output: one JSON object.
"""

import json
import multiprocessing
import os
import sys
import threading
import time
import uuid

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresFactory
from eventsourcing.utils import Environment
from psycopg.conninfo import conninfo_to_dict


def factory(url: str, threads: int, create_table: str) -> PostgresFactory:
    place = conninfo_to_dict(url)
    settings = {
        "POSTGRES_DBNAME": place["dbname"],
        "POSTGRES_HOST": place["host"],
        "POSTGRES_PORT": str(place["port"]),
        "POSTGRES_USER": place["user"],
        "POSTGRES_PASSWORD": place.get("password") or "none",
        "POSTGRES_POOL_SIZE": str(threads),
        "POSTGRES_MAX_OVERFLOW": "0",
        "CREATE_TABLE": create_table,
    }
    return PostgresFactory(Environment("Orders", settings))


def one_process(asked: dict, threads: int, ready, begin, counts) -> None:
    appending = factory(asked["url"], threads, "no").application_recorder()
    orders = [[(event["type"], event["data"].encode()) for event in order] for order in asked["orders"]]
    appended = [0] * threads
    until = 0.0

    def client(number: int) -> None:
        place = number * 7919
        while time.monotonic() < until:
            order = orders[place % len(orders)]
            stream = uuid.uuid4()
            appending.insert_events(
                [StoredEvent(stream, version, topic, state) for version, (topic, state) in enumerate(order, 1)]
            )
            appended[number] += len(order)
            place += 1

    def all_clients(seconds: float) -> None:
        nonlocal until
        until = time.monotonic() + seconds
        clients = [threading.Thread(target=client, args=(number,)) for number in range(threads)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()

    all_clients(asked["warm_up_seconds"])
    appended[:] = [0] * threads
    ready.put(None)
    begin.wait()
    began = time.monotonic()
    all_clients(asked["seconds"])
    counts.put((sum(appended), time.monotonic() - began))


def main() -> None:
    asked = json.load(sys.stdin)
    # Threads of one process share one interpreter's lock; as many processes as cores are its best.
    processes = min(asked["clients"], os.cpu_count() or 1)
    threads = max(1, asked["clients"] // processes)
    with factory(asked["url"], 1, "yes") as once:
        once.application_recorder()
    ready, counts, begin = multiprocessing.Queue(), multiprocessing.Queue(), multiprocessing.Event()
    started = [
        multiprocessing.Process(target=one_process, args=(asked, threads, ready, begin, counts), daemon=True)
        for _ in range(processes)
    ]
    for process in started:
        process.start()
    for _ in started:
        ready.get(timeout=120)
    begin.set()
    results = [counts.get(timeout=120 + asked["seconds"]) for _ in started]
    for process in started:
        process.join()
    events, seconds = sum(count for count, _ in results), max(took for _, took in results)
    how = f"{processes} processes of {threads} threads, a table lock per append"
    json.dump({"events": events, "seconds": seconds, "how": how}, sys.stdout)


if __name__ == "__main__":
    main()
