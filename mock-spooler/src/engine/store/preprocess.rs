//! Preprocessing: functions of transports that look at a message before it is handed over.
//! Pages: imapisupport-registerpreprocessor, preprocessmessage, removepreprocessinfo.

use std::ffi::c_void;

use mapi_spi::HRESULT;
use serde_json::json;

use super::session::fact;
use crate::com::boundary;
use crate::com::theirs::IMessage;
use crate::engine::route::Addressee;
use crate::engine::run::{Engine, Stop};
use crate::memory;
use crate::objects::host::Preprocessor;
use crate::objects::their_message;
use crate::trace::event::What;
use crate::trace::render;

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
        for one in &functions {
            done += usize::from(self.run_preprocessor(one, message));
        }
        self.hub.lock().preprocessed.insert(id.to_vec());
        fact(
            "preprocessed",
            json!({
                "store": store, "mail": mail, "entry-id": render::hex(id), "registered": functions.len(),
                "functions": done,
            }),
        );
        // "Calls IMessage::SubmitMessage on the open message to indicate to the message store that preprocessing is complete."
        // SAFETY: no pointers involved.
        let _ = unsafe { message.SubmitMessage(0) };
        Ok(())
    }

    fn preprocessors_of(&self, message: &IMessage) -> Vec<Preprocessor> {
        let rows = their_message::recipients(message).unwrap_or_default();
        let mut all: Vec<Preprocessor> = Vec::new();
        for one in rows.iter().map(Addressee::of).flat_map(|one| self.hub.preprocessors(&one)) {
            if !all.contains(&one) {
                all.push(one);
            }
        }
        all
    }

    /// Calls a preprocessing function of the candidate's library; whether it could be called.
    fn run_preprocessor(&self, one: &Preprocessor, message: &IMessage) -> bool {
        let Some(name) = one.preprocess.as_deref() else { return false };
        let Some(function) = self.exported::<PREPROCESSMESSAGE>(one, name) else { return false };
        let mut count = 0;
        let mut messages: *mut *mut c_void = std::ptr::null_mut();
        let mut recipients: *mut c_void = std::ptr::null_mut();
        let call = crate::com::gate::begin_export(name, Default::default());
        // SAFETY: the function was registered as one of this type; all pointers live for the call.
        let code = unsafe {
            function(
                std::ptr::null_mut(),
                message.raw(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                Some(memory::allocate_buffer),
                Some(memory::allocate_more),
                Some(memory::free_buffer),
                &raw mut count,
                &raw mut messages,
                &raw mut recipients,
            )
        };
        crate::com::gate::end_plain(call, &code.to_string());
        if code.is_ok() && count > 0 {
            boundary().record(What::Unsupported {
                m: name.to_owned(),
                detail: "messages that preprocessing puts in the place of one are not sent".to_owned(),
            });
        }
        memory::free(messages.cast());
        true
    }

    /// Takes out what preprocessing has added (page: sending-messages-mapi-spooler-tasks, step 3).
    pub(super) fn remove_preprocess_info(&mut self, mail: &str, id: &[u8], message: &IMessage) {
        if !self.hub.lock().preprocessed.remove(id) {
            return;
        }
        for one in self.preprocessors_of(message) {
            let Some(name) = one.remove.as_deref() else { continue };
            let Some(function) = self.exported::<REMOVEPREPROCESSINFO>(&one, name) else { continue };
            let call = crate::com::gate::begin_export(name, Default::default());
            // SAFETY: the function was registered as one of this type; the message is open.
            let code = unsafe { function(message.raw()) };
            crate::com::gate::end_plain(call, &code.to_string());
        }
        fact("preprocess-info-removed", json!({ "mail": mail, "entry-id": render::hex(id) }));
    }

    /// A function of the candidate's library, or of the one that it names.
    fn exported<T: Copy>(&self, one: &Preprocessor, name: &str) -> Option<T> {
        let function = self.library.as_ref().and_then(|library| {
            library.function::<T>(name).or_else(|| library.function_elsewhere::<T>(&one.library, name))
        });
        if function.is_none() {
            boundary().record(What::Unsupported {
                m: "IMAPISupport.RegisterPreprocessor".to_owned(),
                detail: format!(
                    "`{name}` is no function of the candidate's library, nor of `{}`",
                    one.library
                ),
            });
        }
        function
    }
}
