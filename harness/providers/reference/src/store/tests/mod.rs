//! The store through its COM interfaces, as MAPI, a client and the spooler use it.

mod coupled;
mod folders;
mod memory;
mod messages;
mod racing;
mod sending;
mod sessions;
mod support;
mod tables;
mod world;
