//! Sections of the profile: `IProfSect`. Page: imapisupport-openprofilesection.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapi_spi::tags::{PR_OBJECT_TYPE, PR_PROVIDER_UID, PR_RESOURCE_TYPE};
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag, flags};

use super::copy::refuse_all;
use super::errors::LastError;
use super::host::Row;
use super::planned;
use super::prop::{Open, Outcome, PropObject, no_interface};
use super::properties::Properties;
use super::stream::{self, StreamTarget};
use crate::com::{Handle, boundary, object, ours};
use crate::implements;
use crate::plan::ProfileProp;
use crate::trace::told::What;

/// What MAPI keeps in a provider's section by itself.
const FIXED: [PropTag; 3] = [PR_OBJECT_TYPE, PR_PROVIDER_UID, PR_RESOURCE_TYPE];

/// The profile as one provider sees it: its own section, and others that it opens by identifier.
#[derive(Debug)]
pub struct Profile {
    own: Arc<Section>,
    others: Mutex<BTreeMap<[u8; 16], Arc<Section>>>,
    /// Providers that a service entry has added, and what they are called.
    added: Mutex<BTreeMap<[u8; 16], String>>,
}

/// A section. It is not transacted: what is set stands at once.
#[derive(Debug)]
pub struct Section {
    uid: [u8; 16],
    props: Mutex<Properties>,
}

/// A section as the candidate holds it.
#[derive(Debug)]
pub struct ProfSect {
    section: Arc<Section>,
    errors: LastError,
    writable: bool,
}

implements!(ProfSect: IProfSect);

impl Profile {
    /// The identifier of the provider's own section, PR_PROVIDER_UID.
    pub const OWN: [u8; 16] = *b"spoolproof-own--";

    /// The identifier under which a service finds the store of the same library. A message service configures both in one go,
    /// and what a candidate file says of one is there for the other: it is the same section.
    pub const OWN_STORE: [u8; 16] = *b"spoolproof-store";

    /// Adds a provider with a section of its own.
    pub fn add_provider(&self, uid: [u8; 16], name: String, props: Row) {
        let section = Section::new(uid, props);
        self.others.lock().unwrap_or_else(PoisonError::into_inner).insert(uid, section);
        self.added.lock().unwrap_or_else(PoisonError::into_inner).insert(uid, name);
    }

    /// Removes a provider that was added, with its section; whether there was one.
    pub fn remove_provider(&self, uid: &[u8; 16]) -> bool {
        self.others.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
        self.added.lock().unwrap_or_else(PoisonError::into_inner).remove(uid).is_some()
    }

    /// The providers that were added.
    #[must_use]
    pub fn providers(&self) -> Vec<([u8; 16], String)> {
        let added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        added.iter().map(|(uid, name)| (*uid, name.clone())).collect()
    }

    /// A profile whose own section has these properties.
    #[must_use]
    pub fn new(props: Row) -> Self {
        Self { own: Section::new(Self::OWN, props), others: Mutex::default(), added: Mutex::default() }
    }

    /// A profile whose own section is the plan's. A value there that does not fit its tag is an error of the harness.
    #[must_use]
    pub fn planned(props: &[ProfileProp]) -> Arc<Self> {
        let section = planned::profile(props).unwrap_or_else(|detail| {
            boundary().record(What::HarnessError { detail: format!("the profile section: {detail}") });
            Row::new()
        });
        Arc::new(Self::new(section))
    }

    /// The provider's own section.
    #[must_use]
    pub fn own(&self) -> &Arc<Section> {
        &self.own
    }

    /// Opens a section; no identifier means the provider's own. One that there is not is made where it is to be changed.
    ///
    /// # Errors
    ///
    /// MAPI_E_UNKNOWN_FLAGS; MAPI_E_NOT_FOUND for a section that there is not.
    pub fn open(&self, uid: Option<[u8; 16]>, ulFlags: u32) -> Result<Handle, HRESULT> {
        let known = flags::OPEN_FLAGS.bits.iter().fold(0, |known, (bit, _)| known | bit);
        if ulFlags & !known != 0 {
            return Err(HRESULT::MAPI_E_UNKNOWN_FLAGS);
        }
        let writable = ulFlags & flags::MAPI_MODIFY != 0;
        let section = match uid {
            None | Some(Self::OWN | Self::OWN_STORE) => Arc::clone(&self.own),
            Some(uid) => {
                let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
                match others.get(&uid) {
                    Some(section) => Arc::clone(section),
                    None if writable => {
                        Arc::clone(others.entry(uid).or_insert(Section::new(uid, Row::new())))
                    }
                    None => return Err(HRESULT::MAPI_E_NOT_FOUND),
                }
            }
        };
        let object = ProfSect { section, errors: LastError::default(), writable };
        Ok(object::hand_out(Arc::new(object), "profsect"))
    }
}

impl Section {
    fn new(uid: [u8; 16], props: Row) -> Arc<Self> {
        Arc::new(Self { uid, props: Mutex::new(props.into_iter().collect()) })
    }

    fn props(&self) -> MutexGuard<'_, Properties> {
        self.props.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The section's own properties, without those that MAPI keeps.
    #[must_use]
    pub fn to_row(&self) -> Row {
        self.props().to_row()
    }

    /// Replaces the section's own properties.
    pub fn replace(&self, props: Row) {
        *self.props() = props.into_iter().collect();
    }

    fn value(&self, id: u16) -> Option<PropValue> {
        match FIXED.iter().find(|tag| tag.id() == id) {
            Some(&PR_OBJECT_TYPE) => Some(PropValue::Long(flags::MAPI_PROFSECT.cast_signed())),
            Some(&PR_PROVIDER_UID) => Some(PropValue::Binary(self.uid.to_vec())),
            Some(_) => Some(PropValue::Long(flags::MAPI_TRANSPORT_PROVIDER.cast_signed())),
            None => self.props().get(id).cloned(),
        }
    }

    fn assign(&self, values: Row) -> Vec<Outcome> {
        let mut props = self.props();
        let set = |(tag, value): (PropTag, PropValue)| {
            if is_fixed(tag.id()) {
                return Err(HRESULT::MAPI_E_COMPUTED);
            }
            props.set(tag, value);
            Ok(())
        };
        values.into_iter().map(set).collect()
    }
}

impl PropObject for ProfSect {
    fn errors(&self) -> &LastError {
        &self.errors
    }

    fn tags(&self) -> Vec<PropTag> {
        let mut tags: Vec<_> =
            self.section.props().tags().filter(|tag| !is_fixed(tag.id())).chain(FIXED).collect();
        tags.sort_unstable();
        tags
    }

    fn value(&self, id: u16) -> Option<PropValue> {
        self.section.value(id)
    }

    fn assign(&self, values: Row) -> Vec<Outcome> {
        if self.writable {
            self.section.assign(values)
        } else {
            refuse_all(values.len(), HRESULT::MAPI_E_NO_ACCESS)
        }
    }

    fn remove(&self, ids: &[u16]) -> Result<Vec<Outcome>, HRESULT> {
        if !self.writable {
            return Err(HRESULT::MAPI_E_NO_ACCESS);
        }
        let mut props = self.section.props();
        let remove = |id: &u16| {
            if is_fixed(*id) {
                return Err(HRESULT::MAPI_E_COMPUTED);
            }
            props.remove(*id);
            Ok(())
        };
        Ok(ids.iter().map(remove).collect())
    }

    fn is_computed(&self, id: u16) -> bool {
        is_fixed(id)
    }

    fn open(&self, request: &Open) -> Result<Handle, HRESULT> {
        if request.wants("IStream") || request.wants("ISequentialStream") {
            return stream::open(
                Arc::clone(&self.section) as _,
                request,
                self.writable && !is_fixed(request.tag.id()),
            );
        }
        Err(no_interface(request, "an interface other than IStream"))
    }

    fn save(&self, _ulFlags: u32) -> Result<(), HRESULT> {
        // Nothing is pending: profile sections do not support transactions (page: imapiprop-savechanges).
        Ok(())
    }
}

impl ours::IProfSect for ProfSect {}

impl StreamTarget for Section {
    fn load(&self, tag: PropTag) -> Option<PropValue> {
        self.value(tag.id())
    }

    fn store(&self, tag: PropTag, value: PropValue) -> Result<(), HRESULT> {
        self.assign(vec![(tag, value)]).into_iter().collect()
    }
}

fn is_fixed(id: u16) -> bool {
    FIXED.iter().any(|tag| tag.id() == id)
}
