//! SEND: SubmitMessage and EndMessage.

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[];
