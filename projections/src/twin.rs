//! Tables beside the live ones that can take their place: the same columns, constraints, options, comments,
//! grants, row-level security and indexes, under the same names.
//!
//! Postgres itself words the statements, from its catalogue: nothing here knows a table. Indexes that only
//! readers use are made once the rows are in: kept up row by row, they would cost more than all else, and
//! keep updates from staying within their page.

use std::collections::BTreeSet;

use futures::{StreamExt as _, TryStreamExt as _};
use sqlx::{Executor as _, PgConnection, PgPool};
use tokio::sync::watch;

use crate::{rebuild::Progress, schema::SchemaName};

/// Tables that every projection needs beside its own.
pub(crate) const BOOKKEEPING: [&str; 2] = ["checkpoints", "parked"];

/// Indexes by which a fold looks rows up; all others, unless unique, are for readers.
const FOLDED_BY: [&str; 2] = ["memberships_organisation", "partners_organisation"];

/// Makes the schema and what is missing of these tables and the bookkeeping, without the readers' indexes.
pub(crate) async fn create(
    pool: &PgPool,
    schema: &SchemaName,
    tables: &BTreeSet<&'static str>,
) -> Result<(), sqlx::Error> {
    let mut tx = platform::db::begin(pool).await?;
    tx.execute(&*format!("CREATE SCHEMA IF NOT EXISTS {schema}")).await?;
    for table in tables.iter().copied().chain(BOOKKEEPING) {
        let qualified = format!("{schema}.{table}");
        let is_there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
            .bind(&qualified)
            .fetch_one(&mut *tx)
            .await?;
        if !is_there {
            create_table(&mut tx, schema, table).await?;
        }
    }
    tx.commit().await
}

async fn create_table(tx: &mut PgConnection, schema: &SchemaName, table: &str) -> Result<(), sqlx::Error> {
    let statements: Vec<String> = sqlx::query_scalar(
        "WITH live AS (SELECT c.* FROM pg_class c WHERE c.oid = to_regclass($1)) \
         SELECT statement FROM ( \
             SELECT 1 AS step, format('CREATE TABLE %I.%I (LIKE %s INCLUDING ALL EXCLUDING INDEXES)', \
                        $2::text, relname, oid::regclass) \
                    || COALESCE(' WITH (' || array_to_string(reloptions, ', ') || ')', '') AS statement \
             FROM live \
             UNION ALL \
             SELECT 2, format('COMMENT ON TABLE %I.%I IS %L', $2::text, relname, obj_description(oid, 'pg_class')) \
             FROM live WHERE obj_description(oid, 'pg_class') IS NOT NULL \
             UNION ALL \
             SELECT 3, format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', \
                        $2::text, relname, k.conname, pg_get_constraintdef(k.oid)) \
             FROM live JOIN pg_constraint k ON k.conrelid = live.oid AND k.contype IN ('p', 'u', 'x') \
             UNION ALL \
             SELECT 4, format('GRANT %s ON %I.%I TO %s', a.privilege_type, $2::text, relname, \
                        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END) \
                    || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END \
             FROM live CROSS JOIN LATERAL aclexplode(relacl) a \
             UNION ALL \
             SELECT 5, format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', $2::text, relname) \
             FROM live WHERE relrowsecurity \
             UNION ALL \
             SELECT 6, format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s', p.policyname, $2::text, relname, \
                        p.permissive, p.cmd, \
                        (SELECT string_agg(CASE name WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(name) END, ', ') \
                         FROM unnest(p.roles) AS named(name))) \
                    || COALESCE(' USING (' || p.qual || ')', '') \
                    || COALESCE(' WITH CHECK (' || p.with_check || ')', '') \
             FROM live JOIN pg_policies p ON p.schemaname = live.relnamespace::regnamespace::text \
                                         AND p.tablename = live.relname \
             UNION ALL \
             SELECT 7, format('ALTER TABLE %I.%I ALTER COLUMN %I SET STATISTICS %s', $2::text, relname, \
                        a.attname, a.attstattarget) \
             FROM live JOIN pg_attribute a ON a.attrelid = live.oid AND a.attnum > 0 AND NOT a.attisdropped \
                                          AND a.attstattarget >= 0 \
             UNION ALL \
             SELECT 8, format('ALTER TABLE %I.%I OWNER TO %I', $2::text, relname, pg_get_userbyid(relowner)) \
             FROM live WHERE pg_get_userbyid(relowner) <> current_user AND pg_has_role(relowner, 'MEMBER') \
         ) AS statements(step, statement) ORDER BY step",
    )
    .bind(format!("{}.{table}", SchemaName::live()))
    .bind(schema.as_str())
    .fetch_all(&mut *tx)
    .await?;
    // Whoever may not give tables away, as the builder of views, keeps its own: such a twin is unlike in its owner,
    // and so never takes the live one's place.
    // Rows are folded by these: without them now, for the fold's own look-ups and for what must be unique.
    let indexes = missing_indexes(tx, schema, table, Wanted::ByTheFold).await?;
    for statement in statements.iter().chain(&indexes) {
        tx.execute(statement.as_str()).await?;
    }
    Ok(())
}

/// Makes the readers' indexes that are missing, some tables at a time; nothing happens where none is.
///
/// Vacuums such a table before: row versions that batches left behind would make Postgres hide the index
/// from transactions older than it.
pub(crate) async fn finish(
    pool: &PgPool,
    schema: &SchemaName,
    tables: &BTreeSet<&'static str>,
    jobs: usize,
    progress: &watch::Sender<Progress>,
) -> Result<(), sqlx::Error> {
    // Collected first: what a closure makes of borrowed names could not be sent between threads.
    let mut finishing = Vec::new();
    for table in tables.iter().copied() {
        finishing.push(finish_table(pool, schema, table, progress));
    }
    futures::stream::iter(finishing).buffer_unordered(jobs.max(1)).try_collect().await
}

async fn finish_table(
    pool: &PgPool,
    schema: &SchemaName,
    table: &'static str,
    progress: &watch::Sender<Progress>,
) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let statements = missing_indexes(&mut connection, schema, table, Wanted::ByAnyone).await?;
    if statements.is_empty() {
        return Ok(());
    }
    progress.send_replace(Progress::Indexing { table });
    let vacuum = format!("VACUUM (ANALYZE) {schema}.{table}");
    connection.execute(vacuum.as_str()).await?;
    for statement in &statements {
        connection.execute(statement.as_str()).await?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    ByTheFold,
    ByAnyone,
}

/// The statements that make the live table's indexes, and say what they are for, where the twin lacks them.
async fn missing_indexes(
    connection: &mut PgConnection,
    schema: &SchemaName,
    table: &str,
    wanted: Wanted,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT regexp_replace(replace(pg_get_indexdef(i.indexrelid), \
                                       format(' ON %I.%I USING ', n.nspname, t.relname), \
                                       format(' ON %I.%I USING ', $2::text, t.relname)), \
                               '^CREATE (UNIQUE )?INDEX ', '\\&IF NOT EXISTS ') \
                || COALESCE(format('; COMMENT ON INDEX %I.%I IS %L', $2::text, c.relname, \
                                   obj_description(c.oid, 'pg_class')), '') \
         FROM pg_index i \
         JOIN pg_class c ON c.oid = i.indexrelid \
         JOIN pg_class t ON t.oid = i.indrelid \
         JOIN pg_namespace n ON n.oid = t.relnamespace \
         WHERE i.indrelid = to_regclass($1) AND ($3 OR i.indisunique OR c.relname = ANY($4)) \
           AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid) \
           AND NOT EXISTS (SELECT 1 FROM pg_class twin JOIN pg_namespace s ON s.oid = twin.relnamespace \
                           WHERE s.nspname = $2::text AND twin.relname = c.relname) \
         ORDER BY c.relname",
    )
    .bind(format!("{}.{table}", SchemaName::live()))
    .bind(schema.as_str())
    .bind(wanted == Wanted::ByAnyone)
    .bind(FOLDED_BY.as_slice())
    .fetch_all(connection)
    .await
}

/// What readers and migrations can tell about a table, a line each, without the name of its schema.
///
/// Twins must agree in every line before one takes the other's place: a migration that came in between, or
/// a property that [`create`] does not know (a trigger), is noticed here and not after.
pub(crate) async fn shape(
    connection: &mut PgConnection,
    schema: &SchemaName,
    table: &str,
) -> Result<BTreeSet<String>, sqlx::Error> {
    let lines: Vec<String> = sqlx::query_scalar(
        "WITH own AS (SELECT c.*, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                      WHERE c.oid = to_regclass($1)) \
         SELECT concat_ws(' ', 'table of', pg_get_userbyid(relowner), relpersistence, relrowsecurity, \
                          relforcerowsecurity, array_to_string(reloptions, ','), \
                          obj_description(oid, 'pg_class')) FROM own \
         UNION ALL \
         SELECT concat_ws(' ', 'column', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
                          a.attstorage, a.attstattarget, a.attacl::text, pg_get_expr(d.adbin, d.adrelid), \
                          col_description(own.oid, a.attnum)) \
         FROM own JOIN pg_attribute a ON a.attrelid = own.oid AND a.attnum > 0 AND NOT a.attisdropped \
         LEFT JOIN pg_attrdef d ON d.adrelid = own.oid AND d.adnum = a.attnum \
         UNION ALL \
         SELECT concat_ws(' ', 'constraint', k.conname, pg_get_constraintdef(k.oid)) \
         FROM own JOIN pg_constraint k ON k.conrelid = own.oid AND k.contype IN ('p', 'u', 'x', 'c', 'f') \
         UNION ALL \
         SELECT concat_ws(' ', 'index', replace(pg_get_indexdef(i.indexrelid), \
                          format(' ON %I.%I ', nspname, relname), ' '), i.indisvalid, \
                          obj_description(i.indexrelid, 'pg_class')) \
         FROM own JOIN pg_index i ON i.indrelid = own.oid \
         UNION ALL \
         SELECT concat_ws(' ', 'grant', a.privilege_type, a.grantee::regrole, a.is_grantable) \
         FROM own CROSS JOIN LATERAL aclexplode(relacl) a \
         UNION ALL \
         SELECT concat_ws(' ', 'trigger', t.tgname, t.tgenabled) \
         FROM own JOIN pg_trigger t ON t.tgrelid = own.oid AND NOT t.tgisinternal \
         UNION ALL \
         SELECT concat_ws(' ', 'policy', p.polname, p.polpermissive, p.polcmd, \
                          (SELECT string_agg(role::regrole::text, ',' ORDER BY role) \
                           FROM unnest(p.polroles) AS named(role)), \
                          pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)) \
         FROM own JOIN pg_policy p ON p.polrelid = own.oid",
    )
    .bind(format!("{schema}.{table}"))
    .fetch_all(connection)
    .await?;
    Ok(lines.into_iter().collect())
}

/// True if something was built, or is kept, in that schema.
pub(crate) async fn exists(connection: &mut PgConnection, schema: &SchemaName) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(format!("{schema}.{}", BOOKKEEPING[0]))
        .fetch_one(connection)
        .await
}
