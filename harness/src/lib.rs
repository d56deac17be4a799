//! `spoolproof` tells the vendor of a MAPI transport provider whether it keeps the contract with the MAPI spooler.
//!
//! The folders are the stages: a [`candidate`] and the [`case`]s go in, [`run`] spawns one child per case, which writes a
//! trace; the trace is judged by rules (`judge`) and against goldens (`golden`), and [`report`] tells the [`verdict`].
//! Nothing of a candidate is ever loaded into the process that runs this library: the child is this same executable,
//! started again, and [`run::child_entry`] is what takes it elsewhere.

#![forbid(unsafe_code)]

pub mod candidate;
pub mod capability;
pub mod case;
pub mod cli;
pub mod conformance;
pub mod defects;
mod dirs;
pub mod doctor;
mod embedded;
mod eml;
pub mod golden;
pub mod input;
pub mod judge;
pub mod report;
pub mod requirements;
pub mod run;
mod schema;
mod smtp;
mod snapshot;
mod unique;
pub mod verdict;
mod words;
