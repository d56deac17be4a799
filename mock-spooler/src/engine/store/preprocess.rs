//! Preprocessing: functions of transports that look at a message before it is handed over.
//! Pages: imapisupport-registerpreprocessor, preprocessmessage, removepreprocessinfo.

use std::ffi::c_void;
use std::path::Path;

use mapi_spi::HRESULT;
use serde_json::json;

use super::session::fact;
use crate::com::theirs::IMessage;
use crate::com::{boundary, gate};
use crate::engine::route::Addressee;
use crate::engine::run::{Engine, Stop};
use crate::loader;
use crate::memory;
use crate::objects::host::Preprocessor;
use crate::objects::support::free_list;
use crate::objects::their_message;
use crate::trace::told::What;
use crate::trace::value;

/// `PreprocessMessage`, by whatever name it was registered.
type PREPROCESSMESSAGE = unsafe extern "system" fn(
    lpvSession: *mut c_void,
    lpMessage: *mut c_void,
    lpAdrBook: *mut c_void,
    lpFolder: *mut c_void,
    AllocateBuffer: mapi_spi::structs::LPALLOCATEBUFFER,
    AllocateMore: mapi_spi::structs::LPALLOCATEMORE,
    FreeBuffer: mapi_spi::structs::LPFREEBUFFER,
    lpcOutbound: *mut u32,
    lpppMessage: *mut *mut *mut c_void,
    lppRecipList: *mut *mut c_void,
) -> HRESULT;

/// `RemovePreprocessInfo`, by whatever name it was registered.
type REMOVEPREPROCESSINFO = unsafe extern "system" fn(lpMessage: *mut c_void) -> HRESULT;

/// What calling a function came to, and the messages and recipients that it returned.
#[derive(Debug, Default)]
struct Returned {
    count: u32,
    messages: *mut *mut c_void,
    recipients: *mut c_void,
}

impl Engine<'_> {
    /// Has a message preprocessed, in the order of registration, and tells the store that this is done.
    pub(super) fn preprocess(
        &mut self,
        store: &str,
        mail: &str,
        id: &[u8],
        message: &IMessage,
    ) -> Result<(), Stop> {
        let functions = self.preprocessors_of(message);
        let mut done = 0;
        for (session, one) in &functions {
            done += usize::from(self.run_preprocessor(session, one, mail, message));
        }
        self.hub.lock().preprocessed.insert(id.to_vec());
        fact(
            "preprocessed",
            json!({
                "store": store, "mail": mail, "entry-id": value::hex(id), "registered": functions.len(),
                "functions": done,
            }),
        );
        // "Calls IMessage::SubmitMessage on the open message to indicate to the message store that preprocessing is complete."
        // SAFETY: no pointers involved.
        let _ = unsafe { message.SubmitMessage(0) };
        Ok(())
    }

    /// The functions for a message, each with the session of the transport that registered it.
    fn preprocessors_of(&self, message: &IMessage) -> Vec<(String, Preprocessor)> {
        let rows = their_message::recipients(message).unwrap_or_default();
        let recipients: Vec<Addressee> = rows.iter().map(Addressee::of).collect();
        self.hub.preprocessors(&recipients)
    }

    /// Calls a preprocessing function; whether it succeeded.
    fn run_preprocessor(&self, session: &str, one: &Preprocessor, mail: &str, message: &IMessage) -> bool {
        let Some(name) = one.preprocess.as_deref() else { return false };
        let Some(function) = self.registered::<PREPROCESSMESSAGE>(session, one, name) else { return false };
        let mut returned = Returned::default();
        let code = self.call_registered(session, name, mail, || {
            // SAFETY: the function was registered as one of this type; all pointers live for the call.
            unsafe {
                function(
                    std::ptr::null_mut(),
                    message.raw(),
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                    Some(memory::allocate_buffer),
                    Some(memory::allocate_more),
                    Some(memory::free_buffer),
                    &raw mut returned.count,
                    &raw mut returned.messages,
                    &raw mut returned.recipients,
                )
            }
        });
        if code.is_ok() {
            returned.take(name);
        }
        code.is_ok()
    }

    /// Takes out what preprocessing has added (page: sending-messages-mapi-spooler-tasks, step 3).
    pub(super) fn remove_preprocess_info(&mut self, mail: &str, id: &[u8], message: &IMessage) {
        if !self.hub.lock().preprocessed.remove(id) {
            return;
        }
        for (session, one) in self.preprocessors_of(message) {
            let Some(name) = one.remove.as_deref() else { continue };
            let Some(function) = self.registered::<REMOVEPREPROCESSINFO>(&session, &one, name) else {
                continue;
            };
            // SAFETY: the function was registered as one of this type; the message is open.
            let _ = self.call_registered(&session, name, mail, || unsafe { function(message.raw()) });
        }
        fact("preprocess-info-removed", json!({ "mail": mail, "entry-id": value::hex(id) }));
    }

    /// Calls a function that was registered. One of a transport of ours is no call to the candidate.
    fn call_registered(
        &self,
        session: &str,
        name: &str,
        mail: &str,
        call: impl FnOnce() -> HRESULT,
    ) -> HRESULT {
        let Some(foreign) = self.foreign.get(session) else {
            let begun = gate::begin_export(name, Default::default());
            let code = call();
            gate::end_plain(begun, code.to_string());
            return code;
        };
        let from = boundary().last_event();
        let code = call();
        foreign.tell_preprocessed(from, name, mail, code);
        code
    }

    /// A function of the library that was named with it.
    fn registered<T: Copy>(&self, session: &str, one: &Preprocessor, name: &str) -> Option<T> {
        let function = if self.foreign.contains_key(session) {
            loader::function_of::<T>(Path::new(&one.library), name)
        } else {
            self.library.as_ref().and_then(|library| library.function_of::<T>(&one.library, name))
        };
        if function.is_none() {
            boundary().record(What::Unsupported {
                m: "IMAPISupport.RegisterPreprocessor".into(),
                detail: format!("`{}` could not be loaded, or has no function `{name}`", one.library),
            });
        }
        function
    }
}

impl Returned {
    /// Takes over what a function returned beside the message itself: it is given back, and the trace says so.
    fn take(self, function: &str) {
        let unsupported = |detail: &str| {
            boundary().record(What::Unsupported { m: function.to_owned().into(), detail: detail.to_owned() });
        };
        if self.count > 0 && !self.messages.is_null() {
            unsupported("messages that preprocessing puts in the place of one are not sent");
            for place in 0..self.count as usize {
                // SAFETY: the function returned so many messages, each with a reference that is the caller's.
                unsafe {
                    let message = *self.messages.add(place);
                    if memory::may_be_followed(message) {
                        IMessage::new(message, "preprocessed-message").Release();
                    }
                }
            }
        }
        memory::free(self.messages.cast());
        if !self.recipients.is_null() {
            unsupported("recipients that preprocessing finds undeliverable are not reported");
            // SAFETY: the function returned a list that is the caller's.
            unsafe { free_list(self.recipients.cast()) };
        }
    }
}
