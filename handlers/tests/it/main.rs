//! The relay and the consumers against real servers: a database of its own per test, and a NATS of its own.
//!
//! Needs `IRIS_TEST_DATABASE_URL` (a superuser's URL of a server to create databases on) and nats-server
//! (`IRIS_NATS_BIN`, or on the PATH).

#[cfg(test)]
mod consumer;
#[cfg(test)]
mod demand;
#[cfg(test)]
mod following;
#[cfg(test)]
mod forecasts;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod nats_server;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod recorder;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod relay_faults;
#[cfg(test)]
mod scheduler;
#[cfg(test)]
mod scheduler_jobs;
#[cfg(test)]
mod sealing;
#[cfg(test)]
mod world;
