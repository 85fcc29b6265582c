//! The only way from this crate to rows that belong to somebody: a transaction in which the database itself
//! knows who is asking, and shows that caller's rows alone.
//!
//! Ownership is checked in code as well ([`crate::access`]); row-level security is what holds where that is
//! forgotten. All settings are the transaction's own, so they are right behind a pooler that deals out
//! connections by transaction, and nothing of one caller is left for the next.

use std::sync::Arc;

use events::values::Role;
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Row as _, Transaction, postgres::PgRow};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};
use uuid::Uuid;

use crate::{
    access::MEMBERSHIPS,
    freshness::{checkpoint, names},
};

/// Writing is refused by the transaction, too, not by grants alone.
const BEGIN_READING: &str = "BEGIN READ ONLY";

/// How long one statement of a look may take. Lists read a few rows; what takes longer is an offset of millions, a defect or
/// an attack.
pub(crate) const STATEMENT_MAX: &str = "5s";
/// Of what reads the whole log, each of whose statements waits for its reader.
const NO_LIMIT: &str = "0";

/// How the statements of a look are planned.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Planning {
    /// For the values at hand, as Postgres does where nothing is said: what is rare is found by its own index.
    ForValues,
    /// Once for all callers. Planned anew for each, a list of a page took longer to plan, its policies included, than
    /// to read. Such a plan knows nothing of who has many rows: one that reads all of them and sorts looks cheap to it,
    /// so a page is read from an index in its order; where there is none, Postgres sorts all the same.
    Once,
}

impl Planning {
    /// Values of `plan_cache_mode` and `enable_sort`.
    fn settings(self) -> (&'static str, &'static str) {
        match self {
            Self::ForValues => ("auto", "on"),
            Self::Once => ("force_generic_plan", "off"),
        }
    }
}

/// Whose rows are shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) account_id: Uuid,
    pub(crate) role: Role,
}

/// One look at the database as one caller; clones share it.
///
/// Ends with its last clone: nothing was written, so its rollback is not waited for.
#[derive(Clone)]
pub(crate) struct Sight(Arc<Mutex<Transaction<'static, Postgres>>>);

/// Position, kind, organisation and role; a grant has no role, and all but the position are absent in the row
/// of an empty list.
pub(crate) type PlaceRow = (i64, Option<String>, Option<Uuid>, Option<String>);

impl Sight {
    fn of(transaction: Transaction<'static, Postgres>) -> Self {
        Self(Arc::new(Mutex::new(transaction)))
    }

    /// The connection, for one statement at a time.
    pub(crate) async fn connection(&self) -> MappedMutexGuard<'_, PgConnection> {
        MutexGuard::map(self.0.lock().await, |transaction| &mut **transaction)
    }
}

impl Caller {
    /// A look that changes nothing.
    pub(crate) async fn look(self, pool: &PgPool) -> Result<Sight, sqlx::Error> {
        let mut transaction = platform::db::begin_with(pool, BEGIN_READING).await?;
        self.demote(&mut transaction, STATEMENT_MAX).await?;
        Ok(Sight::of(transaction))
    }

    /// The same, with the caller's places: one question less than asking for them behind it.
    pub(crate) async fn look_around(
        self,
        pool: &PgPool,
        planning: Planning,
    ) -> Result<(Sight, Vec<PlaceRow>), sqlx::Error> {
        let (plan_cache_mode, enable_sort) = planning.settings();
        let mut transaction = platform::db::begin_with(pool, BEGIN_READING).await?;
        // As `demote`, in every row of which there is one at least. The places are found with the rights of the
        // function's owner, so it does not matter that this statement is still the login's.
        let sql = concat!(
            "SELECT c.position, p.organisation_kind, p.organisation_id, p.role, \
                    set_config('role', 'iris_query', true), set_config('iris.account_id', $2, true), \
                    set_config('iris.account_role', $3, true), set_config('statement_timeout', $4, true), \
                    set_config('plan_cache_mode', $5, true), set_config('enable_sort', $6, true) \
             FROM ",
            checkpoint!(),
            " c LEFT JOIN sight.places(($2::text)::uuid) p ON true"
        );
        let rows = sqlx::query(sql)
            .bind(names(&MEMBERSHIPS))
            .bind(self.account_id.to_string())
            .bind(self.role.to_string())
            .bind(STATEMENT_MAX)
            .bind(plan_cache_mode)
            .bind(enable_sort)
            .fetch_all(&mut *transaction)
            .await?;
        let place = |row: &PgRow| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
        let places = rows.iter().map(place).collect::<sqlx::Result<_>>()?;
        Ok((Sight::of(transaction), places))
    }

    /// The same on a connection that is the caller's own, for what takes as long as its reader does.
    pub(crate) async fn look_on(
        self,
        connection: &mut PgConnection,
    ) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
        let mut transaction = connection.begin_with(BEGIN_READING).await?;
        self.demote(&mut transaction, NO_LIMIT).await?;
        Ok(transaction)
    }

    /// For the few rows that reading writes; holds once it is committed.
    pub(crate) async fn write(self, pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let mut transaction = platform::db::begin(pool).await?;
        self.demote(&mut transaction, STATEMENT_MAX).await?;
        Ok(transaction)
    }

    /// Security: from here to the end of the transaction the session is `iris_query`, whatever the login may do
    /// besides, and the policies know the caller. All are bound values of one statement: there is no moment at
    /// which the one is set and the other is not, and no text of a caller's is ever SQL.
    async fn demote(self, transaction: &mut PgConnection, statement_max: &str) -> Result<(), sqlx::Error> {
        sqlx::query(
            "SELECT set_config('role', 'iris_query', true), set_config('iris.account_id', $1, true), \
                    set_config('iris.account_role', $2, true), set_config('statement_timeout', $3, true)",
        )
        .bind(self.account_id.to_string())
        .bind(self.role.to_string())
        .bind(statement_max)
        .execute(transaction)
        .await?;
        Ok(())
    }
}
