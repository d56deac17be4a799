//! The directories where the wrapped provider's mail arrives and goes, as its profile section names them.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use mapi_spi::PropTag;
use mapi_spi::tags::PropType;

use super::tools::property;
use crate::hooks::Hooks;

const MAILDROP: PropTag = PropTag::new(0x6600, PropType::PT_STRING8);
const OUTBOX: PropTag = PropTag::new(0x6601, PropType::PT_STRING8);

static DIRECTORY: Mutex<Option<PathBuf>> = Mutex::new(None);
static SENT: Mutex<Option<PathBuf>> = Mutex::new(None);

/// A defect that knows both as soon as the wrapped provider does.
pub(super) fn knowing_the_maildrop() -> Hooks {
    Hooks::default().after("IProfSect.GetProps", |call| {
        for (tag, directory) in [(MAILDROP, &DIRECTORY), (OUTBOX, &SENT)] {
            if call.succeeded()
                && let Some(path) = property(call, tag)
            {
                *directory.lock().unwrap_or_else(PoisonError::into_inner) = Some(path.into());
            }
        }
    })
}

/// The mail that waits.
pub(super) fn waiting() -> Vec<PathBuf> {
    mail(&DIRECTORY)
}

/// The mail that was sent.
pub(super) fn sent() -> Vec<PathBuf> {
    mail(&SENT)
}

fn mail(directory: &Mutex<Option<PathBuf>>) -> Vec<PathBuf> {
    let directory = directory.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let entries = directory.and_then(|directory| std::fs::read_dir(directory).ok()).into_iter().flatten();
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut mail: Vec<_> = paths.filter(|path| path.extension().is_some_and(|ext| ext == "eml")).collect();
    mail.sort();
    mail
}
