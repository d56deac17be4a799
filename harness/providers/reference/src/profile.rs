//! What the provider's own profile section says.

use std::path::PathBuf;

use mapi_spi::tags::PropType;
use mapi_spi::{HRESULT, PropTag};

use crate::habits::Habits;
use crate::mapi::{Memory, Result, Support, Values, get_props};
use crate::store::StoreKey;

const MAILDROP: PropTag = PropTag::new(0x6600, PropType::PT_STRING8);
const OUTBOX: PropTag = PropTag::new(0x6601, PropType::PT_STRING8);
const ADDRESS_TYPE: PropTag = PropTag::new(0x6602, PropType::PT_STRING8);
const STYLE: PropTag = PropTag::new(0x6603, PropType::PT_STRING8);
const HABITS: PropTag = PropTag::new(0x6604, PropType::PT_STRING8);
const IDENTITY: PropTag = PropTag::new(0x6605, PropType::PT_STRING8);
const STORE: PropTag = PropTag::new(0x6606, PropType::PT_STRING8);
const STORE_NAME: PropTag = PropTag::new(0x6607, PropType::PT_STRING8);

/// How the spooler learns of mail that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// It asks.
    Polled,
    /// It is told by a thread that watches the maildrop.
    Notify,
    /// It is told when it calls `Idle`, and in between by a thread that looks less often.
    Idle,
}

/// The configuration of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Where mail arrives, as `.eml` files.
    pub(crate) maildrop: PathBuf,
    /// Where sent mail goes, as `.eml` files.
    pub(crate) outbox: PathBuf,
    /// The type of the addresses that are served.
    pub(crate) address_type: String,
    /// The address of whoever is logged on.
    pub(crate) identity: String,
    /// How the spooler learns of mail.
    pub(crate) style: Style,
    /// What is done in another way than by default.
    pub(crate) habits: Habits,
    /// The message store of the same profile.
    pub(crate) store: StoreSettings,
}

/// The configuration of a message store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreSettings {
    /// What tells the store from others.
    pub(crate) name: String,
    /// It and the transport of the same profile are a pair.
    pub(crate) coupled: bool,
    /// What is done in another way than by default.
    pub(crate) habits: Habits,
}

impl StoreSettings {
    /// Reads the profile section. Where the mail of the transport is says which store it is, unless a name does.
    ///
    /// # Errors
    ///
    /// `MAPI_E_UNCONFIGURED` where a value has no meaning, or nothing says which store it is; what MAPI answers where the
    /// section cannot be read.
    pub(crate) fn read(memory: Memory, support: &Support) -> Result<StoreSettings> {
        let section = support.open_profile_section(0)?;
        let tags = [MAILDROP, HABITS, IDENTITY, STORE, STORE_NAME];
        StoreSettings::from_values(&get_props(memory, &section, &tags, 0)?)
    }

    fn from_values(values: &Values) -> Result<StoreSettings> {
        let coupled = match values.text(STORE).as_deref() {
            None | Some("alone") => false,
            Some("coupled") => true,
            Some(_) => return Err(HRESULT::MAPI_E_UNCONFIGURED),
        };
        let of = |tag| values.text(tag).unwrap_or_default();
        let by_maildrop = || values.text(MAILDROP).map(|maildrop| format!("{maildrop}|{}", of(IDENTITY)));
        let name = values.text(STORE_NAME).or_else(by_maildrop).ok_or(HRESULT::MAPI_E_UNCONFIGURED)?;
        let habits = Habits::parse(&of(HABITS)).ok_or(HRESULT::MAPI_E_UNCONFIGURED)?;
        Ok(StoreSettings { name, coupled, habits })
    }
}

impl Settings {
    /// The properties that it is made of.
    pub(crate) const TAGS: [PropTag; 8] =
        [MAILDROP, OUTBOX, ADDRESS_TYPE, STYLE, HABITS, IDENTITY, STORE, STORE_NAME];

    /// The store that this transport is one half of a pair with.
    pub(crate) fn own_store(&self) -> Option<StoreKey> {
        self.store.coupled.then(|| StoreKey::of(&self.store.name))
    }

    /// Reads the profile section.
    ///
    /// # Errors
    ///
    /// `MAPI_E_UNCONFIGURED` where a directory is missing or a value has no meaning; what MAPI answers where the
    /// section cannot be read.
    pub(crate) fn read(memory: Memory, support: &Support) -> Result<Settings> {
        let section = support.open_profile_section(0)?;
        Settings::from_values(&get_props(memory, &section, &Settings::TAGS, 0)?)
    }

    /// What these values say.
    ///
    /// # Errors
    ///
    /// As for [`Settings::read`].
    pub(crate) fn from_values(values: &Values) -> Result<Settings> {
        let required = |tag| values.text(tag).ok_or(HRESULT::MAPI_E_UNCONFIGURED);
        let style = match values.text(STYLE).as_deref() {
            None | Some("polled") => Style::Polled,
            Some("notify") => Style::Notify,
            Some("idle") => Style::Idle,
            Some(_) => return Err(HRESULT::MAPI_E_UNCONFIGURED),
        };
        let habits = Habits::parse(&values.text(HABITS).unwrap_or_default());
        Ok(Settings {
            maildrop: required(MAILDROP)?.into(),
            outbox: required(OUTBOX)?.into(),
            address_type: values.text(ADDRESS_TYPE).unwrap_or_else(|| "REF".to_owned()),
            identity: values.text(IDENTITY).unwrap_or_else(|| "reference@localhost".to_owned()),
            style,
            habits: habits.ok_or(HRESULT::MAPI_E_UNCONFIGURED)?,
            store: StoreSettings::from_values(values)?,
        })
    }
}
