//! The parts of a run, each whole by itself: its own databases, its own processes, its own rows.

use anyhow::Context as _;

use crate::{
    appending, delivering, exporting, feeding, forecasts, hot_product, invoices, orders, paced_orders, peers,
    prices, reading, reconciling, relaying, run::Run, soak, starts, two_processes, verifying,
    whole_log::WholeLog,
};

/// One part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Orders,
    Paced,
    Hot,
    Pair,
    Peers,
    Append,
    Feed,
    Audit,
    Relay,
    Webhooks,
    Invoices,
    Prices,
    Reads,
    Forecasts,
    Soak,
}

impl Part {
    /// In the order in which they are measured: those that others take a rate from come first.
    pub const ALL: [Self; 15] = [
        Self::Orders,
        Self::Paced,
        Self::Hot,
        Self::Pair,
        Self::Peers,
        Self::Append,
        Self::Feed,
        Self::Audit,
        Self::Relay,
        Self::Webhooks,
        Self::Invoices,
        Self::Prices,
        Self::Reads,
        Self::Forecasts,
        Self::Soak,
    ];

    /// What `--only` calls it.
    pub fn name(self) -> &'static str {
        self.said().0
    }

    /// What it measures, in a line.
    pub fn about(self) -> &'static str {
        self.said().1
    }

    /// The part of that name.
    pub fn named(name: &str) -> anyhow::Result<Self> {
        let found = Self::ALL.into_iter().find(|part| part.name() == name);
        found.with_context(|| format!("there is no part {name:?}; --help names them"))
    }

    fn said(self) -> (&'static str, &'static str) {
        match self {
            Self::Orders => {
                ("orders", "orders over HTTP against pgbench; what they cost; starts of the program")
            }
            Self::Paced => ("paced", "orders at half and at 80 % of the best rate: their times, the lag"),
            Self::Hot => ("hot", "a product that every order touches"),
            Self::Pair => ("pair", "two processes on one database against one"),
            Self::Peers => ("peers", "events appended against batched SQL, eventsourcing and Emmett"),
            Self::Append => ("append", "the append alone, against plain SQL and COPY"),
            Self::Feed => ("feed", "the feed and a rebuild of all read models, against COPY"),
            Self::Audit => ("audit", "history verified and exported, against COPY"),
            Self::Relay => ("relay", "the relay to NATS"),
            Self::Webhooks => ("webhooks", "webhooks delivered, beside dead and hostile endpoints"),
            Self::Invoices => ("invoices", "invoices as XML, PDF and scans; the reconciling of them"),
            Self::Prices => ("prices", "an hour's prices by rule"),
            Self::Reads => ("reads", "lists, details and search on a large database against a small one"),
            Self::Forecasts => ("forecasts", "a night's forecasts"),
            Self::Soak => ("soak", "an hour of orders at half of the best rate: bloat, lag, memory"),
        }
    }

    /// Measures it.
    pub async fn measure(self, run: &mut Run) -> anyhow::Result<()> {
        match self {
            Self::Orders => {
                let database = orders::measure(run).await?;
                starts::measure(run, &database).await
            }
            Self::Paced => paced_orders::measure(run).await,
            Self::Hot => hot_product::measure(run).await,
            Self::Pair => two_processes::measure(run).await,
            Self::Peers => peers::measure(run).await,
            Self::Append => appending::measure(run).await,
            Self::Feed => {
                let log = WholeLog::write(run).await?;
                feeding::measure(run, &log).await
            }
            Self::Audit => {
                let log = WholeLog::write(run).await?;
                verifying::measure(run, &log).await?;
                exporting::measure(run, &log).await
            }
            Self::Relay => relaying::measure(run).await,
            Self::Webhooks => delivering::measure(run).await,
            Self::Invoices => {
                invoices::measure(run).await?;
                reconciling::measure(run)
            }
            Self::Prices => prices::measure(run),
            Self::Reads => reading::measure(run).await,
            Self::Forecasts => forecasts::measure(run).await,
            Self::Soak => soak::measure(run).await,
        }
    }
}
