//! For each rule a trace that keeps it and one that breaks it.

mod coupled;
mod course;
mod edges;
mod life;
mod mail;
mod posting;
mod recv;
mod registry;
mod robu;
mod send;
mod send_stop;
mod serv;
mod stat;
mod stop;
mod stores;
mod storing;
