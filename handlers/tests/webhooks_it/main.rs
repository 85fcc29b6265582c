//! Webhooks against a real database and a real receiver.
//!
//! Needs `IRIS_TEST_DATABASE_URL`: a superuser's URL of a server to create databases on.

#[cfg(test)]
mod asked;
#[cfg(test)]
mod breaking;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod crowds;
#[cfg(test)]
mod failing;
#[cfg(test)]
mod hearing;
#[cfg(test)]
mod mended;
#[cfg(test)]
mod order;
#[cfg(test)]
mod pace;
#[cfg(test)]
mod receiver;
#[cfg(test)]
mod replays;
#[cfg(test)]
mod revoking;
#[cfg(test)]
#[cfg(test)]
mod world;
