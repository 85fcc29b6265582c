// Emmett appending orders: its event store on Postgres, as an application of it would use it.
//
// Input: a JSON object on standard input, see README.md. Output: one JSON object.

import { randomUUID } from 'node:crypto';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';

const asked = JSON.parse(await new Response(process.stdin).text());
const orders = asked.orders.map((order) => order.map(({ type, data }) => ({ type, data: JSON.parse(data) })));
// A connection for each client: pg's own pool would have ten.
const pool = new pg.Pool({ connectionString: asked.url, max: asked.clients });
const store = getPostgreSQLEventStore(asked.url, { connectionOptions: { pool } });
await store.schema.migrate();

async function allClients(seconds) {
  let appended = 0;
  const began = performance.now();
  const until = began + seconds * 1_000;
  const client = async (number) => {
    for (let place = number * 7_919; performance.now() < until; place += 1) {
      const order = orders[place % orders.length];
      await store.appendToStream(`order-${randomUUID()}`, order, { expectedStreamVersion: 'STREAM_DOES_NOT_EXIST' });
      appended += order.length;
    }
  };
  await Promise.all(Array.from({ length: asked.clients }, (_, number) => client(number)));
  return { events: appended, seconds: (performance.now() - began) / 1_000 };
}

await allClients(asked.warm_up_seconds);
const { events, seconds } = await allClients(asked.seconds);
await store.close();
process.stdout.write(JSON.stringify({ events, seconds, how: `one process, ${asked.clients} connections` }));
process.exit(0);
