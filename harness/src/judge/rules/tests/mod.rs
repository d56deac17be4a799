//! For each rule a trace that keeps it and one that breaks it.

mod course;
mod posting;
mod send;
mod send_stop;
