//! Candidates that are programs: everything that holds for a library holds behind the shim.

mod serve;
mod tools;
