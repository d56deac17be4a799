//! `SPOOLPROOF_CANDIDATE=FILE cargo test --test conformance`: a test per case, and per point of a sweep.

fn main() -> std::process::ExitCode {
    spoolproof::conformance::main()
}
