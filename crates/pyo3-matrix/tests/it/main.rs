//! One integration binary: the harness as its users meet it, on real interpreters and real servers.

mod cells;
mod cli;
mod harness;
mod killed;
mod parts;
mod rules;
mod servers;
mod suites;
mod wheels;
mod workflows;
