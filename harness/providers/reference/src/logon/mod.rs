//! A transport session: the logon object, what goes on in the session, its control and its end.

mod close;
mod control;
mod object;
mod process;
mod session;
mod transfer;

pub(crate) use object::Logon;
pub(crate) use process::{Direction, InProcess};
pub(crate) use session::{Identity, Session, State, Use};
pub(crate) use transfer::Transfer;
