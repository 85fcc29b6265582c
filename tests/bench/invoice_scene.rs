//! Iris, and orders that are delivered so that their invoices can be sent.

use std::{sync::Arc, time::Duration};

use events::values::Role;
use harness::TestDatabase;
use query_api::documents::InvoiceDocument;
use sqlx::Executor as _;

use crate::{
    fill::fill,
    iris_process::IrisProcess,
    lag::caught_up,
    market::{Market, MarketSize},
    run::{Run, SECRET, now},
    uploads::{Requests, request},
};

const SIZE: MarketSize = MarketSize { suppliers: 10, restaurants: 64, products: 1_000 };
const ASK_EVERY: Duration = Duration::from_millis(10);

/// Iris, and orders that are invoiced as they come.
pub struct Scene {
    pub database: TestDatabase,
    pub iris: IrisProcess,
    market: Arc<Market>,
    /// Of the suppliers' owners.
    tokens: Vec<String>,
    /// Of the last invoice.
    number: i64,
}

/// A file, and the place of its supplier in the market.
pub struct Invoiced {
    pub supplier: usize,
    pub file: Vec<u8>,
}

impl Scene {
    pub async fn open(run: &Run) -> anyhow::Result<Self> {
        let database = TestDatabase::create().await;
        let (market, _) = fill(&database.options, now(), 31, |writer| Market::open(writer, SIZE)).await?;
        let tokens = market.suppliers.iter().map(|seller| run.token(seller.owner, Role::Supplier)).collect();
        let log = run.scratch.join("invoices.log");
        let iris = IrisProcess::start(&database.url(), SECRET, &log).await?;
        Ok(Self { database, iris, market: Arc::new(market), tokens, number: 0 })
    }

    /// Writes orders from placed to received, and makes out their invoices. Read models have the orders then, and
    /// Postgres has looked at its tables.
    pub async fn invoiced(
        &mut self,
        count: usize,
        form: impl Fn(&InvoiceDocument) -> anyhow::Result<Vec<u8>> + Send + 'static,
    ) -> anyhow::Result<Vec<Invoiced>> {
        let (market, first) = (Arc::clone(&self.market), self.number + 1);
        self.number += i64::try_from(count)?;
        let numbers = first..=self.number;
        let (invoiced, _) = fill(&self.database.options, now(), first.unsigned_abs(), move |writer| {
            let mut make = |number| {
                let delivered = market.deliver(writer, number)?;
                Ok(Invoiced { supplier: delivered.supplier, file: form(&delivered.invoice)? })
            };
            numbers.map(&mut make).collect::<anyhow::Result<Vec<_>>>()
        })
        .await?;
        caught_up(&self.database.options).await?;
        self.database.pool.execute("VACUUM ANALYZE").await?;
        invoiced
    }

    /// The requests that send these files, each in the name of its supplier.
    pub fn requests(&self, invoiced: &[Invoiced]) -> Requests {
        let send = |invoiced: &Invoiced| request(&invoiced.file, &self.tokens[invoiced.supplier]);
        Arc::new(invoiced.iter().map(send).collect())
    }

    /// The requests in which one supplier sends all of these.
    pub fn sent_by_one(&self, files: &[Vec<u8>]) -> Requests {
        Arc::new(files.iter().map(|file| request(file, &self.tokens[0])).collect())
    }

    /// Lets the scans go that wait, and waits for those that are being read: nobody writes while orders are filled in.
    pub async fn forget_scans(&self) -> anyhow::Result<()> {
        let forget = "DELETE FROM invoicing.jobs WHERE finished_at IS NULL AND lease_owner IS NULL";
        let left = "SELECT count(*) FROM invoicing.jobs WHERE finished_at IS NULL";
        loop {
            self.database.pool.execute(forget).await?;
            let left: i64 = sqlx::query_scalar(left).fetch_one(&self.database.pool).await?;
            if left == 0 {
                return Ok(());
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
}
