//! Invoices through real processes: from the order to the books, in races, through deaths, and from people who mean
//! no good.

mod before_receipt;
mod hostile_files;
mod killed;
mod known_outcomes;
mod racing;
mod whole_trade;
mod world;
