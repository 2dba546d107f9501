//! Does the harness work as its users meet it, on real interpreters and real servers? One integration binary holds
//! all these tests.

#![expect(clippy::disallowed_types, reason = "a test stands outside of the harness that it starts")]

mod axes;
mod cells;
mod cli;
mod compare;
mod doctor;
mod example;
mod external;
mod green;
mod harness;
mod history;
mod infer;
mod killed;
mod kit;
mod layouts;
mod leases;
mod lines;
mod mends;
mod offline;
mod parts;
mod programs;
mod progress;
mod release;
mod reports;
mod retention;
mod rooms;
mod rules;
mod secrets;
mod servers;
mod services;
mod shells;
mod stable;
mod suites;
mod terminal;
mod tools;
mod versions;
mod wheels;
mod workflows;
