//! The bundled reference provider: what is judged where no candidate is named.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::PathBuf;

use mock_spooler::plan::ProfileProp;

use super::load::{Candidate, CandidateError};
use crate::capability::Capability;

/// The address type that the reference provider serves.
const ADDRESS_TYPE: &str = "REF";

/// The property of its profile section that says whether its transport is coupled with its store, and the word for it.
const COUPLING: (u32, &str) = (0x6606_001E, "coupled");

/// What it can do. Without these claims nobody would ask for its store.
const CAPABILITIES: [Capability; 8] = [
    Capability::Inbound,
    Capability::Outbound,
    Capability::Deferral,
    Capability::Flush,
    Capability::Validate,
    Capability::Store,
    Capability::Coupled,
    Capability::Service,
];

/// The entry of its message service.
const SERVICE_ENTRY: &str = "ServiceEntry";

/// The reference provider that was built along with this program: a transport, in its polled style, and the store that it is
/// coupled with.
///
/// # Errors
///
/// It is not where cargo puts it.
pub fn bundled() -> Result<Candidate, CandidateError> {
    let library = built_library("reference_provider")?;
    let address_types = vec![ADDRESS_TYPE.to_owned()];
    let (tag, value) = COUPLING;
    let mut candidate = Candidate::of_library("reference", library);
    candidate.profile.push(ProfileProp { tag, value: value.into() });
    candidate.service_entry = Some(SERVICE_ENTRY.to_owned());
    Ok(Candidate { address_types, capabilities: Some(CAPABILITIES.to_vec()), ..candidate })
}

/// A dynamic library that cargo built along with this program, by the name of its crate.
///
/// # Errors
///
/// It is not where cargo puts it.
pub fn built_library(name: &str) -> Result<PathBuf, CandidateError> {
    let name = format!("{DLL_PREFIX}{name}{DLL_SUFFIX}");
    let exe = std::env::current_exe().unwrap_or_default();
    let dir = exe.parent().map(PathBuf::from).unwrap_or_default();
    // The command is in target/PROFILE, tests are in target/PROFILE/deps; an installed command has it beside itself.
    let places = [dir.join("deps").join(&name), dir.join(&name), dir.join("..").join("deps").join(&name)];
    let found = places.into_iter().find(|path| path.is_file());
    found.ok_or(CandidateError::NotBuilt { name, dir })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_needs_no_claim() {
        let capabilities = Some(vec![Capability::Inbound]);
        let candidate = Candidate { capabilities, ..Candidate::for_test() };
        assert_eq!(candidate.lacks(&[Capability::Inbound, Capability::Polled]), None);
        assert_eq!(candidate.lacks(&[Capability::Inbound, Capability::Notifying]), None);
        assert!(candidate.lacks(&[Capability::Outbound]).is_some_and(|why| why.contains("`outbound`")));
    }
}
