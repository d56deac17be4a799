//! Wrapped store entry identifiers: what `IMAPISupport::WrapStoreEntryID` makes of a store's own identifier, so that MAPI finds
//! the provider that it belongs to. Page: imapisupport-wrapstoreentryid.
//!
//! The form is the one that messaging systems have published for store identifiers: flags, MAPI's identifier for wrapped
//! ones, version, flag, the library's name padded to a multiple of four, then the original bytes.

/// muidStoreWrap: what follows is the identifier of a store, not of an object in one.
const STORE_WRAP: [u8; 16] =
    [0x38, 0xa1, 0xbb, 0x10, 0x05, 0xe5, 0x10, 0x1a, 0xa1, 0xbb, 0x08, 0x00, 0x2b, 0x2a, 0x56, 0xc2];
/// The library's name as the profile would have it. There is one store provider in a session of the mock.
const LIBRARY: &[u8] = b"PROVIDER.DLL";
/// Where the library's name begins: after the flags, the identifier, version and flag.
const NAME: usize = 22;

/// Wraps an identifier of the session's store provider. One that is wrapped already stays as it is.
#[must_use]
pub fn wrap(original: &[u8]) -> Vec<u8> {
    wrap_for(LIBRARY, original)
}

/// Wraps an identifier for the provider in the library of this name.
#[must_use]
pub fn wrap_for(library: &[u8], original: &[u8]) -> Vec<u8> {
    if unwrap(original).is_some() {
        return original.to_vec();
    }
    let mut bytes = vec![0; 4];
    bytes.extend(STORE_WRAP);
    bytes.extend([0, 0]);
    bytes.extend(library);
    bytes.push(0);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes.extend(original);
    bytes
}

/// What a wrapped identifier holds; `None` where it is not wrapped.
#[must_use]
pub fn unwrap(entry_id: &[u8]) -> Option<&[u8]> {
    if entry_id.get(4..20)? != STORE_WRAP {
        return None;
    }
    let end = NAME + entry_id.get(NAME..)?.iter().position(|byte| *byte == 0)? + 1;
    entry_id.get(end.next_multiple_of(4)..).filter(|original| !original.is_empty())
}

/// An identifier as the provider itself knows it.
#[must_use]
pub fn own(entry_id: &[u8]) -> &[u8] {
    unwrap(entry_id).unwrap_or(entry_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_comes_out_again() {
        let original = [0, 0, 0, 0, 1, 2, 3];
        let wrapped = wrap(&original);
        assert_eq!(unwrap(&wrapped), Some(original.as_slice()));
        assert_eq!(wrap(&wrapped), wrapped, "nothing is wrapped twice");
        assert_eq!(own(&wrapped), own(&original));
        assert_eq!(unwrap(&original), None);
        assert_eq!(unwrap(&wrapped[..NAME]), None, "what was cut off is no identifier");
    }
}
