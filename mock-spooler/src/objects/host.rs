//! What the support object asks of the session behind it.
//!
//! The objects keep data; what a callback means for the spooler's work - a notification that queues up, a yield during which a
//! message is cancelled, a report that is asked for - is the engine's affair and comes in through this trait.

use std::ffi::c_void;

use mapi_spi::structs::MAPIUID;
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag};

use crate::com::theirs;

/// The properties of a row, a recipient, a section: tags and values, in the order in which they were given.
pub type Row = Vec<(PropTag, PropValue)>;

/// What `ModifyStatusRow` made of a session's row.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusRowChange {
    /// What the provider passed.
    pub given: Row,
    /// Whether STATUSROW_UPDATE was set: the properties were merged with those of the row that was there.
    pub update: bool,
    /// Whether there was a row before.
    pub existed: bool,
    /// The row as it stands now, MAPI's own columns included, in ascending order of tags.
    pub row: Row,
}

/// What a transport registers with `RegisterPreprocessor`. Page: imapisupport-registerpreprocessor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preprocessor {
    /// The identifier whose recipients it handles.
    pub uid: Option<MAPIUID>,
    /// The address type whose recipients it handles.
    pub address_type: Option<String>,
    /// The library.
    pub library: String,
    /// The name of the preprocessing function.
    pub preprocess: Option<String>,
    /// The name of the function that removes what preprocessing added.
    pub remove: Option<String>,
}

/// The session that a support object belongs to. Methods are called on the candidate's threads, without any lock of the objects
/// held, so an implementation may call back into the candidate.
pub trait SessionHost: Send + Sync {
    /// `IMAPISupport::SpoolerNotify`: `data` is as the candidate passed it.
    fn spooler_notify(&self, flags: u32, data: *mut c_void) -> HRESULT;
    /// `IMAPISupport::SpoolerYield`: S_OK, or MAPI_W_CANCEL_MESSAGE.
    fn spooler_yield(&self, flags: u32) -> HRESULT;
    /// `IMAPISupport::ModifyStatusRow`: the row has been changed; the result is what the candidate gets.
    fn status_row(&self, change: StatusRowChange) -> HRESULT;
    /// `IMAPISupport::StatusRecips`: a report is asked for. `message` is the candidate's pointer, not looked at yet. The
    /// list is taken over and freed only where this succeeds.
    fn status_recips(&self, message: *mut c_void, recipients: Vec<Row>) -> HRESULT;
    /// `IMAPISupport::MakeInvalid`: an object of the candidate's is to be made unusable.
    fn make_invalid(&self, flags: u32, object: *mut c_void, ref_count: u32, methods: u32) -> HRESULT;
    /// `IMAPISupport::SetProviderUID`: an identifier that stands in the provider's entry identifiers.
    fn set_provider_uid(&self, uid: MAPIUID, flags: u32) -> HRESULT;
    /// `IMAPISupport::RegisterPreprocessor`.
    fn register_preprocessor(&self, preprocessor: Preprocessor) -> HRESULT;
    /// The last reference to the support object is gone.
    fn support_released(&self);
}

/// The store session that a support object belongs to: what only message stores ask of MAPI. As for [`SessionHost`], methods are
/// called on the candidate's threads and may call back into it.
pub trait StoreHost: SessionHost {
    /// `IMAPISupport::PrepareSubmit`: the recipients of a message that is sent again are sorted out.
    ///
    /// # Errors
    ///
    /// What the store returns to the client.
    fn prepare_submit(&self, message: &theirs::IMessage) -> Result<(), HRESULT>;
    /// `IMAPISupport::ExpandRecips`: NEEDS_SPOOLER and NEEDS_PREPROCESSING.
    ///
    /// # Errors
    ///
    /// What the store returns to the client.
    fn expand_recips(&self, message: &theirs::IMessage) -> Result<u32, HRESULT>;
    /// `IMAPISupport::CompleteMsg`: the spooler is to finish a message that the store has sent.
    ///
    /// # Errors
    ///
    /// MAPI_E_INVALID_PARAMETER.
    fn complete_msg(&self, entry_id: Vec<u8>) -> Result<(), HRESULT>;
    /// `IMAPISupport::DoSentMail`: the message goes where its properties say. The store's reference goes with it.
    ///
    /// # Errors
    ///
    /// What opening the folders returned; the reference is still the store's then.
    fn do_sent_mail(&self, message: theirs::IMessage) -> Result<(), HRESULT>;
    /// `IMAPISupport::StoreLogoffTransports`: what was asked for; what is still going on.
    ///
    /// # Errors
    ///
    /// MAPI_E_UNKNOWN_FLAGS, MAPI_E_INVALID_PARAMETER for more than one flag.
    fn store_logoff_transports(&self, asked: u32) -> Result<u32, HRESULT>;
    /// `IMAPISupport::CompareEntryIDs`, where it is about objects of the store; `None` where it is not.
    fn compare_entry_ids(&self, one: &[u8], other: &[u8]) -> Option<Result<bool, HRESULT>>;
}
