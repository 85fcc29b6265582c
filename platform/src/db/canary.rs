//! The canary: does this URL give each statement its own answer?

use secrecy::SecretString;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

use super::{DbError, connect_options, host};

const ROUNDS: i64 = 50;

/// Tries whether two connections get the answers of their own statements, 50 rounds in turn and at once.
///
/// sqlx prepares and executes in two round trips. A pooler in transaction mode that does not track prepared
/// statements may send the second to another server connection, where the same name means somebody else's
/// text; seen: 207 of 1,920 queries answered with another statement's rows and no error (PgBouncer 1.18).
///
/// # Errors
/// `MixedAnswers` when an answer is wrong or a statement is lost; `Unusable` when the database cannot be reached.
pub async fn canary(url: &SecretString) -> Result<(), DbError> {
    let options = connect_options(url)?.application_name("iris-canary");
    let host = host(&options);
    let seen = interleave(&options).await;
    seen.map_err(|symptom| match symptom {
        Symptom::Broken(source) => DbError::Unusable { host, source },
        Symptom::Mixed(symptom) => DbError::MixedAnswers { host, symptom },
    })
}

enum Symptom {
    Broken(sqlx::Error),
    Mixed(String),
}

async fn interleave(options: &PgConnectOptions) -> Result<(), Symptom> {
    let mut numbers = PgConnection::connect_with(options).await.map_err(Symptom::Broken)?;
    let mut texts = PgConnection::connect_with(options).await.map_err(Symptom::Broken)?;
    for round in 0..ROUNDS {
        // In turn: with an idle pooler both land on the same server connection, under the same names.
        ask_number(&mut numbers, round).await?;
        ask_text(&mut texts, round).await?;
        // At once: the server connections are dealt anew.
        tokio::try_join!(ask_number(&mut numbers, -round), ask_text(&mut texts, -round))?;
    }
    let _ = tokio::join!(numbers.close(), texts.close());
    Ok(())
}

/// Alternates between two texts of one type, so that also a swap which no type check sees is noticed.
async fn ask_number(connection: &mut PgConnection, round: i64) -> Result<(), Symptom> {
    let (sql, expected) = match round.rem_euclid(2) {
        0 => ("SELECT $1::bigint + 1000", round + 1_000),
        _ => ("SELECT $1::bigint + 2000", round + 2_000),
    };
    let answer: i64 = sqlx::query_scalar(sql).bind(round).fetch_one(connection).await.map_err(symptom)?;
    expect_same(&answer, &expected)
}

async fn ask_text(connection: &mut PgConnection, round: i64) -> Result<(), Symptom> {
    let (sql, suffix) = match round.rem_euclid(2) {
        0 => ("SELECT $1::text || '-even'", "even"),
        _ => ("SELECT $1::text || '-odd'", "odd"),
    };
    let answer: String =
        sqlx::query_scalar(sql).bind(round.to_string()).fetch_one(connection).await.map_err(symptom)?;
    expect_same(&answer, &format!("{round}-{suffix}"))
}

fn expect_same<T: PartialEq>(answer: &T, expected: &T) -> Result<(), Symptom> {
    if answer == expected {
        Ok(())
    } else {
        Err(Symptom::Mixed("an answer belonged to another statement".to_owned()))
    }
}

/// These statements cannot fail by themselves: whatever the server says against them is the pooler's doing.
fn symptom(error: sqlx::Error) -> Symptom {
    match error {
        sqlx::Error::Database(refusal) => {
            let code = refusal.code().unwrap_or_default().into_owned();
            // Class 57 is the server's own trouble (shutdown, cancelled), class 53 its lack of resources.
            if code.starts_with("57") || code.starts_with("53") {
                return Symptom::Broken(sqlx::Error::Database(refusal));
            }
            Symptom::Mixed(format!("SQLSTATE {code}: {}", refusal.message()))
        }
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::RowNotFound => Symptom::Mixed(error.to_string()),
        other => Symptom::Broken(other),
    }
}
