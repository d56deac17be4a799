//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::case::Shard;

/// Judges MAPI transport providers: does a provider keep its contract with the MAPI spooler?
///
/// Exit status: 0 conformant; 1 not conformant, or a known failure did not fail; 2 the command, the candidate file or a case
/// file is wrong, or nothing was selected; 3 the candidate cannot be loaded or initialised; 4 the harness itself failed.
#[derive(Debug, Parser)]
#[command(name = "spoolproof", version, max_term_width = 110)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Judge a candidate
    Run(RunArgs),
    /// The cases, and what each checks
    List(ListArgs),
    /// A requirement or a case: what it says, where it comes from, how it is checked
    Explain {
        /// A requirement, `RECV-02`, or a case, `polling/one`
        id: String,
    },
    /// Run one case and show what crossed the boundary
    Trace(TraceArgs),
    /// Look at a candidate: can its library be loaded here, and what does it answer?
    Doctor(CandidateArgs),
    /// The shards of several machines as one report
    Merge(MergeArgs),
    /// The JSON Schema of a kind of file, for editors
    Schema {
        /// The kind of file
        what: SchemaOf,
    },
}

#[derive(Debug, Args)]
pub(super) struct CandidateArgs {
    /// The candidate file; the bundled reference provider is judged where none is named
    #[arg(long, value_name = "FILE", conflicts_with_all = ["library", "shim"])]
    pub(super) candidate: Option<PathBuf>,
    /// A library alone, with defaults for all that a candidate file says
    #[arg(long, value_name = "FILE", conflicts_with = "shim")]
    pub(super) library: Option<PathBuf>,
    /// A program alone that speaks the stdio shim's protocol, with its arguments: `--shim 'python3 shim.py'`
    #[arg(long, value_name = "CMD")]
    pub(super) shim: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct SelectArgs {
    /// Parts of the ids of cases; several are or-ed
    #[arg(value_name = "FILTER")]
    pub(super) filters: Vec<String>,
    /// Filters are whole ids
    #[arg(long)]
    pub(super) exact: bool,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    #[command(flatten)]
    pub(super) candidate: CandidateArgs,
    /// Warnings are failures
    #[arg(long)]
    pub(super) strict: bool,
    /// How many children run at once; as many as there are processors where missing
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(super) jobs: Option<u16>,
    /// Run part K of N, each on a machine of its own
    #[arg(long, value_name = "K/N")]
    pub(super) shard: Option<Shard>,
    /// Keep the traces and write all reports into this directory
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Do not compare traces with goldens, nor with snapshots
    #[arg(long)]
    pub(super) no_golden: bool,
}

/// The reports that a run or a merge writes.
#[derive(Debug, Args)]
pub(super) struct OutputArgs {
    /// Write a JUnit report
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Write a JSON report
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Write a page for the browser, with the sequence of calls of each case
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Append a summary in Markdown; to $GITHUB_STEP_SUMMARY where that is set and this is not
    #[arg(long, value_name = "FILE")]
    pub(super) job_summary: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// The directories that `run --out DIR` wrote, one for each shard
    #[arg(value_name = "DIR", required = true)]
    pub(super) dirs: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) select: SelectArgs,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct TraceArgs {
    /// The case, or a point of its sweep
    pub(super) case: String,
    /// The form of the trace
    #[arg(long = "as", value_name = "FORM", default_value = "text")]
    pub(super) form: Form,
    #[command(flatten)]
    pub(super) candidate: CandidateArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// A line per event, indented by nesting
    Text,
    /// The trace file itself, a JSON object per line
    Json,
    /// A sequence diagram in Mermaid's language
    Mermaid,
    /// For Perfetto (ui.perfetto.dev) and other viewers of Chrome's trace format
    Perfetto,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaOf {
    /// Case files
    Case,
    /// Candidate files
    Candidate,
    /// Lines of the stdio shim's protocol
    Shim,
    /// The JSON report of a run
    Report,
}
