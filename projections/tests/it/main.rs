//! Projections against a real database, one of its own per test.
//!
//! Needs `IRIS_TEST_DATABASE_URL`: a superuser's URL of a server to create databases on.

#[cfg(test)]
mod blue_green;
#[cfg(test)]
mod exactly_once;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod invoices;
#[cfg(test)]
mod lag;
#[cfg(test)]
mod market;
#[cfg(test)]
mod poison;
#[cfg(test)]
mod rebuild;
#[cfg(test)]
mod retry;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod views;
#[cfg(test)]
mod world;
