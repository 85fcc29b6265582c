//! What must be so before an exchange is begun.

use sqlx::PgConnection;

use crate::{
    checkpoint::sight_all,
    schema::SchemaName,
    swap::{Direction, Swap},
    swap_error::SwapError,
    twin,
};

impl Swap<'_> {
    /// There is something to put in place, whole and of this program's version, and room for what is live.
    pub(crate) async fn expect_exchangeable(&self) -> Result<(), SwapError> {
        let name = self.family.name();
        let (source, destination) = (self.source(), self.destination());
        let (build, clear) = match self.direction {
            Direction::Forward => (format!("`iris projections rebuild {name}` makes it"), "drop-old"),
            Direction::Back => ("no earlier rows are kept".to_owned(), "discard"),
        };
        let mut connection = self.rebuilding.pool.acquire().await?;
        if !twin::exists(&mut connection, &source).await? {
            return Err(SwapError::NothingThere { schema: source.as_str().to_owned(), remedy: build });
        }
        if twin::exists(&mut connection, &destination).await? {
            let (schema, remedy) = (destination.as_str().to_owned(), format!("{clear} {name}"));
            return Err(SwapError::Taken { schema, remedy });
        }
        self.expect_version(&mut connection).await?;
        self.expect_alike(&mut connection).await
    }

    async fn expect_version(&self, connection: &mut PgConnection) -> Result<(), SwapError> {
        let source = self.source();
        let found = sight_all(connection, &source, &self.names()).await?;
        for projection in self.family.projections() {
            let identity = projection.identity();
            let (name, ours) = (identity.name, identity.version);
            let sighting = found.get(name).ok_or(SwapError::Unfinished(self.family.name()))?;
            if sighting.version != ours {
                let (schema, rows) = (source.as_str().to_owned(), sighting.version);
                return Err(SwapError::OtherVersion { name, schema, rows, ours });
            }
        }
        Ok(())
    }

    /// Both sides' tables have the same properties, down to their comments.
    pub(crate) async fn expect_alike(&self, connection: &mut PgConnection) -> Result<(), SwapError> {
        let source = self.source();
        for table in self.family.tables() {
            let live = twin::shape(connection, &SchemaName::live(), table.name).await?;
            let built = twin::shape(connection, &source, table.name).await?;
            let Some(unlike) = live.symmetric_difference(&built).next() else { continue };
            if live.is_superset(&built) && unlike.starts_with("index ") {
                return Err(SwapError::Unfinished(self.family.name()));
            }
            let (schema, property) = (source.as_str().to_owned(), unlike.clone());
            return Err(SwapError::Unlike { table: table.name, schema, property });
        }
        Ok(())
    }
}
