//! Children that are copies of a process which stands ready: a server that forks one for each case.
//!
//! A new process of this program spends more time on the system's loader, and on pages that it touches for the first time, than most
//! cases take. The server has done that once, and has never seen a candidate: it does nothing but copy itself. Linux alone; where the
//! server cannot be had a child is a new process, and nothing else differs.

#[cfg(target_os = "linux")]
mod client;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod words;

#[cfg(target_os = "linux")]
pub(super) use client::{Running, Servers, is_server};
#[cfg(target_os = "linux")]
pub(super) use server::serve;

/// In the place of a plan: the process is to be a server.
#[cfg(target_os = "linux")]
pub(super) const SERVER: &str = "forkserver";

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::*;

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    /// There are none.
    #[derive(Debug, Default)]
    pub(in crate::run) struct Servers;

    #[cfg(unix)]
    pub(in crate::run) use unix::Running;

    #[cfg(unix)]
    mod unix {
        use std::io::{self, PipeWriter};
        use std::process::{Command, ExitStatus};
        use std::sync::Arc;
        use std::time::Duration;

        use super::Servers;
        use crate::run::group::Stop;

        /// Nothing.
        #[derive(Debug)]
        pub(in crate::run) enum Running {}

        impl Servers {
            pub(in crate::run) fn start(self: &Arc<Self>, _: &Command, _: &PipeWriter) -> Option<Running> {
                None
            }
        }

        impl Running {
            pub(in crate::run) fn id(&self) -> u32 {
                match *self {}
            }

            pub(in crate::run) fn finish(
                self,
                _: Duration,
                _: impl FnMut() -> Option<String>,
            ) -> io::Result<(ExitStatus, Stop)> {
                match self {}
            }
        }
    }
}
