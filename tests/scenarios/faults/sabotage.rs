//! A check that cannot fail checks nothing: each fault that histories are held against, put in by hand, is found.

use std::{any::Any, panic::AssertUnwindSafe};

use futures::FutureExt as _;
use harness::{PrivateServers, expect_sound};
use sqlx::Executor as _;

use super::{history::History, plan::Plan, world::World};

/// Who must notice.
#[derive(Clone, Copy, Debug)]
enum Check {
    /// What everybody was told against the log.
    History,
    /// The log, and the read models against it.
    Sound,
    /// What the partner was told by webhook.
    Partner,
    /// The stream in NATS.
    Stream,
    /// Mails.
    Mail,
    /// Notifications.
    Notifications,
}

/// What is put in, how it is taken out again, who must notice, and what they say.
struct Sabotage {
    fault: &'static str,
    done: &'static str,
    undone: &'static str,
    noticed: &'static [(Check, &'static str)],
}

const SABOTAGES: [Sabotage; 11] = [
    Sabotage {
        fault: "an acknowledged command is not recorded",
        done: "UPDATE public.idempotency SET key = key || '!' \
               WHERE key = (SELECT max(key) FROM public.idempotency WHERE key LIKE 'faults-%' AND status < 300)",
        undone: "UPDATE public.idempotency SET key = rtrim(key, '!')",
        noticed: &[(Check::History, "acknowledged and not recorded")],
    },
    Sabotage {
        fault: "another answer is recorded than was given",
        done: "UPDATE public.idempotency SET response = replace(response, '\"id\":\"', '\"id\":\"!') \
               WHERE key = (SELECT max(key) FROM public.idempotency WHERE key LIKE 'faults-%' AND status < 300)",
        undone: "UPDATE public.idempotency SET response = replace(response, '\"id\":\"!', '\"id\":\"')",
        noticed: &[(Check::History, "another answer is recorded")],
    },
    Sabotage {
        fault: "an acknowledged command has no effect",
        done: "UPDATE public.events SET event_type = 'OrderPlaced!' WHERE global_position = \
               (SELECT max(global_position) FROM public.events WHERE event_type = 'OrderPlaced')",
        undone: "UPDATE public.events SET event_type = 'OrderPlaced' WHERE event_type = 'OrderPlaced!'",
        noticed: &[(Check::History, "made OrderPlaced of []")],
    },
    Sabotage {
        fault: "one command has its effect twice",
        done: "INSERT INTO public.events SELECT aggregate_type, gen_random_uuid()::text, sequence, event_type, \
                   event_version, payload, metadata, h.position + 1, gen_random_uuid(), recorded_at, command_id, actor, \
                   content_hash, supplier_id, restaurant_id FROM public.events, public.log_head h \
               WHERE event_type = 'OrderPlaced' ORDER BY global_position DESC LIMIT 1",
        undone: "DELETE FROM public.events WHERE global_position > (SELECT position FROM public.log_head)",
        noticed: &[(Check::History, "made OrderPlaced of [\"")],
    },
    Sabotage {
        fault: "something happens that nobody asked for",
        done: "INSERT INTO public.events SELECT aggregate_type, gen_random_uuid()::text, sequence, event_type, \
                   event_version, payload, metadata, h.position + 1, gen_random_uuid(), recorded_at, gen_random_uuid(), \
                   actor, content_hash, supplier_id, restaurant_id FROM public.events, public.log_head h \
               WHERE event_type = 'OrderPlaced' ORDER BY global_position DESC LIMIT 1",
        undone: "DELETE FROM public.events WHERE global_position > (SELECT position FROM public.log_head)",
        noticed: &[(Check::History, "nobody asked for these"), (Check::Sound, "the log keeps its promises")],
    },
    Sabotage {
        fault: "more is sold than is there",
        done: "UPDATE public.events SET payload = replace(payload::text, '\"quantity\":', '\"quantity\":9999')::json \
               WHERE global_position = \
                   (SELECT max(global_position) FROM public.events WHERE event_type = 'StockAllocated')",
        undone: "UPDATE public.events SET payload = replace(payload::text, '\"quantity\":9999', '\"quantity\":')::json \
                 WHERE event_type = 'StockAllocated'",
        noticed: &[(Check::History, "allocated"), (Check::Sound, "the log keeps its promises")],
    },
    Sabotage {
        fault: "an event is lost, and positions have a hole",
        done: "UPDATE public.events SET global_position = global_position + 1000000 WHERE global_position = \
               (SELECT max(global_position) FROM public.events WHERE event_type = 'OrderPlaced')",
        undone: "UPDATE public.events SET global_position = global_position - 1000000 \
                 WHERE global_position > 1000000",
        noticed: &[
            (Check::Sound, "the log keeps its promises"),
            (Check::Partner, "everything, and nothing else"),
            (Check::Stream, "left == right"),
        ],
    },
    Sabotage {
        fault: "a read model differs from the log",
        done: "UPDATE read.orders SET status = status || '!' WHERE order_id = (SELECT order_id FROM read.orders LIMIT 1)",
        undone: "UPDATE read.orders SET status = rtrim(status, '!')",
        noticed: &[(Check::Sound, "the read models are what the log says")],
    },
    Sabotage {
        fault: "a partner was told something else",
        done: "UPDATE public.events SET payload = replace(payload::text, '\"total_minor\":', '\"total_minor\":9')::json \
               WHERE global_position = (SELECT max(global_position) FROM public.events WHERE event_type = 'OrderPlaced')",
        undone: "UPDATE public.events SET payload = replace(payload::text, '\"total_minor\":9', '\"total_minor\":')::json \
                 WHERE global_position = (SELECT max(global_position) FROM public.events WHERE event_type = 'OrderPlaced')",
        noticed: &[(Check::Partner, "as the log has it"), (Check::Sound, "the log keeps its promises")],
    },
    Sabotage {
        fault: "a mail went out twice",
        done: "UPDATE notifications.messages SET state = 'failed' WHERE message_id = (SELECT message_id FROM \
               notifications.messages WHERE channel = 'email' AND state = 'sent' LIMIT 1)",
        undone: "UPDATE notifications.messages SET state = 'sent' WHERE channel = 'email' AND state = 'failed'",
        noticed: &[(Check::Mail, "every mail, and none twice")],
    },
    Sabotage {
        fault: "nobody was told of an order",
        done: "UPDATE notifications.notifications SET position = position + 1000000 WHERE position = \
               (SELECT max(global_position) FROM public.events WHERE event_type = 'OrderPlaced')",
        undone: "UPDATE notifications.notifications SET position = position - 1000000 WHERE position > 1000000",
        noticed: &[(Check::Notifications, "orders that nobody was told of")],
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_that_is_put_in_by_hand_is_noticed() {
    let servers = PrivateServers::start("sabotage");
    let mut world = World::open(&servers, 0).await;
    let history = world.live_through(&Plan { seed: 0, injuries: Vec::new() }, &servers).await;
    world.heal().await;
    history.check(&world).await;
    world.everybody_reads_the_same().await;
    // They would put some of it right, and tell of the rest.
    world.pause();
    for sabotage in &SABOTAGES {
        put(&world, sabotage.done).await;
        for (check, complaint) in sabotage.noticed {
            let noticed = AssertUnwindSafe(run(*check, &world, &history)).catch_unwind().await;
            let said = noticed.expect_err(sabotage.fault);
            let said = text(&*said);
            assert!(said.contains(complaint), "{}, {check:?}: {said}", sabotage.fault);
        }
        put(&world, sabotage.undone).await;
    }
    // All is as it was.
    history.check(&world).await;
    expect_sound(&world.iris.database.pool).await;
    world.resume();
    world.remove().await;
}

async fn run(check: Check, world: &World, history: &History) {
    match check {
        Check::History => history.check(world).await,
        Check::Sound => expect_sound(&world.iris.database.pool).await,
        Check::Partner => world.iris.partner_has_heard_everything().await,
        Check::Stream => drop(world.iris.the_stream_holds_everything_once().await),
        Check::Mail => world.iris.every_mail_was_sent_once().await,
        Check::Notifications => world.somebody_was_told_of_every_order().await,
    }
}

/// Past the walls that keep the log as it is.
async fn put(world: &World, sql: &str) {
    let sql = format!("SET session_replication_role = replica; {sql}; RESET session_replication_role");
    world.iris.database.pool.execute(sql.as_str()).await.unwrap();
}

fn text(panic: &(dyn Any + Send)) -> String {
    let borrowed = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
    panic.downcast_ref::<String>().cloned().or(borrowed).unwrap_or_default()
}
