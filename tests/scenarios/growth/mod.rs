//! A log that grows: partitions, what is archived of it, and that nobody ever gets a shorter history.

mod archives;
mod commands;
mod from_the_beginning;
mod killed;
mod partitions;
mod plans;
mod world;
