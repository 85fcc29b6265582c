//! A migrated database per test, copied from a template that the first test makes.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{
    Connection, Executor, PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

static MIGRATOR: Migrator = sqlx::migrate!("../migrations");
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Guards the making of the template among the tests' processes.
const TEMPLATE_LOCK: i64 = 0x1215_7e57;

/// A database that only this test uses.
pub struct TestDatabase {
    /// As superuser.
    pub pool: PgPool,
    /// As superuser.
    pub options: PgConnectOptions,
    /// Its name.
    pub name: String,
    server: String,
}

impl TestDatabase {
    /// A fresh database on the server that `make test` provides.
    ///
    /// # Panics
    /// If there is none.
    pub async fn create() -> Self {
        let server = std::env::var("IRIS_TEST_DATABASE_URL")
            .expect("IRIS_TEST_DATABASE_URL is not set: run the tests by `make test`");
        Self::create_on(&server).await
    }

    /// A fresh database on that server.
    ///
    /// # Panics
    /// If the server does not answer.
    pub async fn create_on(server: &str) -> Self {
        let server_options: PgConnectOptions = server.parse().expect("a database URL");
        let mut admin = PgConnection::connect_with(&server_options).await.expect("the test server answers");
        let template = template(&server_options, &mut admin).await;
        let name = format!("t_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        admin
            .execute(&*format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .await
            .expect("the template can be copied");
        let options = server_options.database(&name);
        let pool =
            PgPoolOptions::new().max_connections(16).connect_with(options.clone()).await.expect("it opens");
        Self { pool, options, name, server: server.to_owned() }
    }

    /// The same as whoever connects through another port reaches it; `pool` goes the straight way.
    #[must_use]
    pub fn through(&self, port: u16) -> Self {
        let server = self.server.replacen(&format!(":{}/", self.options.get_port()), &format!(":{port}/"), 1);
        let options = self.options.clone().port(port);
        Self { pool: self.pool.clone(), options, name: self.name.clone(), server }
    }

    /// Gives its room back, whoever is still connected.
    ///
    /// # Panics
    /// If the server does not answer.
    pub async fn remove(&self) {
        self.pool.close().await;
        let server: PgConnectOptions = self.server.parse().expect("a database URL");
        let mut admin = PgConnection::connect_with(&server).await.expect("the test server answers");
        admin
            .execute(&*format!("DROP DATABASE {} WITH (FORCE)", self.name))
            .await
            .expect("it can be dropped");
    }

    /// Its URL.
    ///
    /// # Panics
    /// Never: the server's URL has a path.
    pub fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').expect("a URL has a path");
        format!("{server}/{}", self.name)
    }
}

/// Named by the newest migration and a sum of all, so that a changed migration gets a new template.
async fn template(server: &PgConnectOptions, admin: &mut PgConnection) -> String {
    let sum = MIGRATOR
        .iter()
        .flat_map(|migration| migration.checksum.iter())
        .fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    let name = format!("iris_template_{sum:08x}");
    sqlx::query("SELECT pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut *admin).await.expect("locks");
    let made: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)")
        .bind(&name)
        .fetch_one(&mut *admin)
        .await
        .expect("answers");
    if !made {
        // Made under another name first: a test that dies half-way leaves no half-made template.
        let draft = format!("{name}_draft");
        admin.execute(&*format!("DROP DATABASE IF EXISTS {draft}")).await.expect("drops");
        admin.execute(&*format!("CREATE DATABASE {draft}")).await.expect("creates");
        let mut connection =
            PgConnection::connect_with(&server.clone().database(&draft)).await.expect("it opens");
        MIGRATOR.run_direct(&mut connection).await.expect("migrations run");
        connection.close().await.expect("closes");
        admin.execute(&*format!("ALTER DATABASE {draft} RENAME TO {name}")).await.expect("renames");
    }
    sqlx::query("SELECT pg_advisory_unlock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(&mut *admin)
        .await
        .expect("unlocks");
    name
}
