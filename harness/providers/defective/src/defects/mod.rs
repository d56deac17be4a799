//! The defects, by area.

use crate::hooks::Hooks;

/// The defect of a name.
pub(crate) fn make(_name: &str) -> Option<Hooks> {
    None
}
