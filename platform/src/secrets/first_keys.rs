//! The first data keys of a database.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sqlx::PgPool;

use super::{
    KeyContext, KeyProviders, Purpose, StartError,
    data_keys::{self, insert},
};
use crate::{clock::Ids, personal::Vault, seal::KEY_BYTES};

/// Held while the first keys are written, so that processes that start together have the same.
const LOCK: i64 = 0x1215_dec5;

/// A random key of 32 bytes.
pub(super) fn random_key() -> SecretSlice<u8> {
    let mut key = vec![0; KEY_BYTES];
    SystemRandom::new().fill(&mut key).expect("the system has randomness");
    key.into()
}

/// Makes the data keys of a database that has none; whoever comes second finds those of the first.
///
/// - *Root.* What exists was derived from `secret` and must stay as it is: addresses are found by it, links in mails
///   are signed by it. So it becomes the root, once it is sure that it is the right one. A new database gets a random
///   one, unless there is nothing but `secret` to wrap it by: then nothing would be gained.
/// - *Seal.* A new database gets its first. One that has secrets gets it by the first `iris secrets rotate`: until
///   then it is sealed as before, and programs of the release before this can go on beside this one.
pub(super) async fn make(
    pool: &PgPool,
    providers: &KeyProviders,
    secret: &SecretString,
    ids: &dyn Ids,
) -> Result<(), StartError> {
    let is_new = is_new(pool, secret).await?;
    let random_root = || hex::encode(random_key().expose_secret()).into();
    let root: SecretString =
        if is_new && !providers.is_secret_alone() { random_root() } else { secret.clone() };
    let mut made = Vec::new();
    let root = root.expose_secret().as_bytes().to_vec().into();
    let keys = [Some((Purpose::Root, root)), is_new.then(|| (Purpose::Seal, random_key()))];
    for (purpose, key) in keys.into_iter().flatten() {
        let context = KeyContext { data_key_id: ids.next(), purpose };
        made.push((context, providers.wrap(&key, context).await?));
    }
    let mut tx = crate::db::begin(pool).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await?;
    let (others,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM platform.data_keys").fetch_one(&mut *tx).await?;
    if others == 0 {
        for (context, wrapped) in &made {
            insert(&mut tx, *context, wrapped).await.map_err(not_ours)?;
        }
    }
    Ok(tx.commit().await?)
}

/// Whether nothing was ever derived from `secret` here.
async fn is_new(pool: &PgPool, secret: &SecretString) -> Result<bool, StartError> {
    let sql = "SELECT (SELECT position FROM public.log_head), \
                      EXISTS (SELECT 1 FROM personal.keys)";
    let (position, has_people): (i64, bool) = sqlx::query_as(sql).fetch_one(pool).await?;
    if has_people {
        // A wrong secret must not become the root: nobody would be found any more.
        Vault::derive(secret).expect_opens_one_of(pool).await?;
    }
    Ok(position == 0 && !has_people)
}

/// A login that may not make keys waits for one that may.
fn not_ours(error: sqlx::Error) -> StartError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    if code.is_some_and(|code| code == "42501") { StartError::NoKeysYet } else { error.into() }
}

/// Makes a data key that seals from now on.
pub(super) async fn add_seal_key(
    pool: &PgPool,
    providers: &KeyProviders,
    ids: &dyn Ids,
) -> Result<KeyContext, StartError> {
    let context = KeyContext { data_key_id: ids.next(), purpose: Purpose::Seal };
    let wrapped = providers.wrap(&random_key(), context).await?;
    data_keys::insert(&mut *pool.acquire().await?, context, &wrapped).await?;
    Ok(context)
}
