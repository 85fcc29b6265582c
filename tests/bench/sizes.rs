//! How much is measured.

use std::time::Duration;

/// The sizes of one run; every row states those that it depends on.
#[derive(Clone, Debug)]
pub struct Sizes {
    /// Times that each pair of rivals is measured, in turn.
    pub rounds: usize,
    /// How long a round of orders lasts.
    pub round: Duration,
    /// How long a warm-up lasts.
    pub warm_up: Duration,
    /// Clients at the same time, one row each.
    pub clients: &'static [usize],
    /// Events per round of appending.
    pub append_events: usize,
    /// Orders in the log that is read from end to end, nine events each.
    pub log_orders: usize,
    /// Orders in the log that the relay begins with.
    pub relay_orders: usize,
    /// Deliveries per round of webhooks.
    pub webhook_deliveries: usize,
    /// Deliveries that wait for dead endpoints.
    pub dead_deliveries: usize,
    /// Price changes that a healthy endpoint hears of, per round.
    pub price_changes: usize,
    /// How long a peer appends before it counts.
    pub peer_warm_up: Duration,
    /// Whether the soak is one of the parts where none are named.
    pub with_soak: bool,
    /// Rounds of the soak with a look at the tables behind each, a minute each but in the short form.
    pub soak_minutes: usize,
    /// How long each of them lasts.
    pub soak_minute: Duration,
    /// Orders and products of the large database.
    pub large: (usize, usize),
    /// Orders and products of the small one.
    pub small: (usize, usize),
    /// Requests per kind of read and database. With 500, the ratio of two p95 went from 1.08 to 1.28 in three runs.
    pub reads: usize,
    /// Starts of the program.
    pub starts: usize,
    /// Invoices as XML per round.
    pub invoices: usize,
    /// Invoices as XML, at an even pace, alone and beside scans that wait.
    pub paced_invoices: usize,
    /// Scans that wait meanwhile.
    pub waiting_scans: usize,
    /// Invoices as PDF per round.
    pub text_pdfs: usize,
    /// Scanned pages per round.
    pub scans: usize,
    /// Invoices held against their orders in memory, per round.
    pub reconciled: usize,
    /// Series that a night's forecasts are of.
    pub forecast_series: usize,
    /// Products that a price rule is about.
    pub priced_products: usize,
}

impl Sizes {
    /// What the figures in docs/performance.md were taken with.
    pub fn full() -> Self {
        Self {
            rounds: 3,
            round: Duration::from_secs(8),
            warm_up: Duration::from_secs(3),
            clients: &[1, 16, 64],
            append_events: 60_000,
            log_orders: 60_000,
            relay_orders: 40_000,
            webhook_deliveries: 30_000,
            dead_deliveries: 200_000,
            price_changes: 2_000,
            peer_warm_up: Duration::from_secs(2),
            with_soak: false,
            soak_minutes: 60,
            soak_minute: Duration::from_mins(1),
            large: (1_000_000, 200_000),
            small: (10_000, 1_000),
            reads: 2_000,
            starts: 5,
            invoices: 6_000,
            paced_invoices: 600,
            waiting_scans: 60,
            text_pdfs: 200,
            scans: 8,
            reconciled: 4_000,
            forecast_series: 200_000,
            priced_products: 100_000,
        }
    }

    /// The sizes that the limits are about, where they are too much for every day.
    pub fn long() -> Self {
        Self { log_orders: 1_120_000, with_soak: true, large: (10_000_000, 200_000), ..Self::full() }
    }

    /// Small and quick, to see that everything runs.
    pub fn short() -> Self {
        Self {
            rounds: 2,
            round: Duration::from_secs(2),
            warm_up: Duration::from_secs(2),
            append_events: 10_000,
            log_orders: 2_000,
            relay_orders: 2_000,
            webhook_deliveries: 2_000,
            dead_deliveries: 10_000,
            price_changes: 200,
            peer_warm_up: Duration::from_secs(2),
            with_soak: true,
            soak_minutes: 4,
            soak_minute: Duration::from_secs(2),
            large: (20_000, 5_000),
            small: (1_000, 1_000),
            reads: 100,
            starts: 3,
            invoices: 200,
            paced_invoices: 60,
            waiting_scans: 6,
            text_pdfs: 12,
            scans: 2,
            reconciled: 200,
            forecast_series: 5_000,
            priced_products: 5_000,
            ..Self::full()
        }
    }
}
