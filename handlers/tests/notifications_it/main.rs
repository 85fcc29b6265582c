//! Notifications against a real database, one of its own per test, and against providers that behave as
//! their makers document them.
//!
//! Needs `IRIS_TEST_DATABASE_URL`: a superuser's URL of a server to create databases on.

#[cfg(test)]
mod digests;
#[cfg(test)]
mod documented_fcm;
#[cfg(test)]
mod documented_resend;
#[cfg(test)]
mod folder;
#[cfg(test)]
mod later;
#[cfg(test)]
mod market;
#[cfg(test)]
mod measured;
#[cfg(test)]
mod pushing;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod standing;
#[cfg(test)]
mod telling;
#[cfg(test)]
mod world;
