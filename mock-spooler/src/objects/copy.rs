//! Copying properties from object to object: `IMAPIProp::CopyTo` and `CopyProps`, `IMAPISupport::DoCopyTo` and `DoCopyProps`.
//!
//! Between our own objects recipients, attachments and embedded messages go along. To and from an object of the
//! candidate's only what its `IMAPIProp` shows can be copied, and recipients; that attachments were left out is said in the trace.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use mapi_spi::meta::{Interface, Method};
use mapi_spi::tags::{
    PR_ATTACH_DATA_OBJ, PR_MESSAGE_ATTACHMENTS, PR_MESSAGE_RECIPIENTS, PR_NULL, PR_SEARCH_KEY, PropType,
};
use mapi_spi::values::PropValue;
use mapi_spi::{GUID, HRESULT, PropTag, flags};

use super::args;
use super::host::Row;
use super::message::{AttachCore, MessageCore};
use super::prop::{self, Outcome, PropObject};
use super::wire::{Arena, Problem};
use super::{relay, their};
use crate::com::{gate, object, ours, theirs};

/// What an object has beside its property values.
#[derive(Clone, Copy, Debug)]
pub enum Parts<'a> {
    /// Nothing.
    None,
    /// A message's recipients and attachments.
    Message(&'a Arc<MessageCore>),
    /// An attachment's embedded message.
    Attachment(&'a Arc<AttachCore>),
}

/// Which properties are copied.
#[derive(Clone, Debug)]
pub enum Selection {
    /// `CopyTo`: all but some. PR_MESSAGE_RECIPIENTS and PR_MESSAGE_ATTACHMENTS stand for what they name.
    AllBut {
        /// Interfaces that are not to be used.
        interfaces: Vec<GUID>,
        /// Properties that are left out, by identifier.
        tags: Vec<PropTag>,
    },
    /// `CopyProps`: these.
    Only(Vec<PropTag>),
}

/// A copy that was asked for.
#[derive(Clone, Debug)]
pub struct Copying {
    /// Which properties.
    pub selection: Selection,
    /// The interface of the target.
    pub interface: Option<GUID>,
    /// The target: an object of ours or of the candidate's.
    pub target: *mut c_void,
    /// MAPI_MOVE, MAPI_NOREPLACE and flags without a meaning here.
    pub flags: u32,
    /// The method, for the trace.
    pub method: &'static Method,
}

/// Where a copy goes.
enum Target {
    Ours(Arc<dyn PropObject>),
    Theirs(theirs::IMessage),
}

impl Copying {
    /// Copies from an object of ours; the problems with single properties.
    ///
    /// # Errors
    ///
    /// As the pages of `CopyTo` and `CopyProps` list them.
    ///
    /// # Safety
    ///
    /// The target is a COM object that has the interface.
    pub unsafe fn from_ours(&self, source: &dyn PropObject) -> Result<Vec<Problem>, HRESULT> {
        let whole = self.check()?;
        let target = self.find_target()?;
        if let Target::Ours(target) = &target
            && ptr::addr_eq(Arc::as_ptr(target), ptr::from_ref(source))
        {
            return Err(HRESULT::MAPI_E_NO_ACCESS);
        }
        let wanted = self.wanted(&source.tags(), |id| source.is_computed(id));
        let values = wanted.iter().filter_map(|tag| Some((*tag, source.value(tag.id())?)));
        // SAFETY: as the caller vouches.
        let mut problems = unsafe { self.set(&target, values.collect())? };
        if whole {
            // SAFETY: as above.
            unsafe { self.copy_parts(source.parts(), &target, &mut problems)? };
        }
        if self.flags & flags::MAPI_MOVE != 0 {
            let ids: Vec<u16> = wanted.iter().map(|tag| tag.id()).collect();
            source.remove(&ids)?;
        }
        Ok(problems)
    }

    /// Copies from an object of the candidate's; the problems with single properties.
    ///
    /// # Errors
    ///
    /// As the pages of `DoCopyTo` and `DoCopyProps` list them, and what the object's own methods return.
    ///
    /// # Safety
    ///
    /// Source and target are COM objects; the source has `IMAPIProp`, the target the interface.
    pub unsafe fn from_theirs(&self, source: *mut c_void) -> Result<Vec<Problem>, HRESULT> {
        self.check()?;
        if source == self.target {
            return Err(HRESULT::MAPI_E_NO_ACCESS);
        }
        let target = self.find_target()?;
        let source = theirs::IMAPIProp::known(source, "prop");
        // SAFETY: as the caller vouches.
        unsafe {
            let wanted = self.wanted(&their::tags(&source)?, |_| false);
            let is_part = |tag: &PropTag| tag.prop_type() == PropType::PT_OBJECT;
            if wanted.iter().any(is_part) {
                gate::unsupported_part(
                    self.method,
                    "recipients and attachments of a foreign object were not copied",
                );
            }
            let wanted: Vec<PropTag> = wanted.into_iter().filter(|tag| !is_part(tag)).collect();
            let values = their::values(&source, &wanted)?;
            let problems = self.set(&target, values)?;
            if self.flags & flags::MAPI_MOVE != 0 && !wanted.is_empty() {
                let arena = Arena::default();
                let code = source.DeleteProps(arena.tags(&wanted)?, ptr::null_mut());
                if code.is_err() {
                    return Err(code);
                }
            }
            Ok(problems)
        }
    }

    /// Checks the request; whether recipients, attachments and embedded messages are part of it.
    fn check(&self) -> Result<bool, HRESULT> {
        if self.interface.is_none() || self.target.is_null() {
            return Err(args::INVALID);
        }
        match &self.selection {
            Selection::Only(tags) if tags.contains(&PR_NULL) => Err(args::INVALID),
            Selection::AllBut { tags, .. } if tags.contains(&PR_NULL) => Err(args::INVALID),
            Selection::Only(_) => Ok(true),
            Selection::AllBut { interfaces, .. } => {
                let excluded = |name| ours::iid_of(name).is_some_and(|iid| interfaces.contains(&iid));
                if excluded("IUnknown") || excluded("IMAPIProp") {
                    return Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
                }
                Ok(!excluded("IMessage") && !excluded("IAttach"))
            }
        }
    }

    fn find_target(&self) -> Result<Target, HRESULT> {
        let entry = match object::find(self.target) {
            None => return Ok(Target::Theirs(theirs::IMessage::new(self.target, "copy-target"))),
            Some(_) if relay::is(self.target) => {
                return Ok(Target::Theirs(theirs::IMessage::known(self.target, "copy-target")));
            }
            Some(entry) => entry,
        };
        let named = mapi_spi::meta::INTERFACES
            .iter()
            .find(|interface| ours::iid_of(interface.name) == self.interface);
        let supported = match named {
            Some(wanted) => Interface::by_name(entry.interface).is_some_and(|own| own.extends(wanted.name)),
            None => ours::iid_of("IUnknown") == self.interface,
        };
        if !supported {
            return Err(HRESULT::MAPI_E_INTERFACE_NOT_SUPPORTED);
        }
        prop::find(self.target).map(Target::Ours).ok_or(HRESULT::MAPI_E_INVALID_OBJECT)
    }

    /// Which of an object's properties are to be copied. Types of the request do not matter.
    fn wanted(&self, all: &[PropTag], is_computed: impl Fn(u16) -> bool) -> Vec<PropTag> {
        match &self.selection {
            Selection::Only(tags) => {
                let find = |wanted: &PropTag| all.iter().copied().find(|tag| tag.id() == wanted.id());
                tags.iter().filter_map(find).collect()
            }
            Selection::AllBut { tags, .. } => {
                let excluded = |id| tags.iter().any(|tag| tag.id() == id);
                all.iter().copied().filter(|tag| !excluded(tag.id()) && !is_computed(tag.id())).collect()
            }
        }
    }

    /// Whether a part that a property names is to be copied.
    fn selects(&self, part: PropTag) -> bool {
        match &self.selection {
            Selection::Only(tags) => tags.iter().any(|tag| tag.id() == part.id()),
            Selection::AllBut { tags, .. } => !tags.iter().any(|tag| tag.id() == part.id()),
        }
    }

    /// Sets values of the target; objects among them are no values and left to [`Copying::copy_parts`].
    ///
    /// # Safety
    ///
    /// A foreign target is a COM object with `IMAPIProp`.
    unsafe fn set(&self, target: &Target, values: Row) -> Result<Vec<Problem>, HRESULT> {
        let mut values: Row =
            values.into_iter().filter(|(_, value)| !matches!(value, PropValue::Object)).collect();
        if self.flags & flags::MAPI_NOREPLACE != 0 {
            let there = match target {
                Target::Ours(target) => target.tags(),
                Target::Theirs(target) => their::tags(target)?,
            };
            values.retain(|(tag, _)| !there.iter().any(|other| other.id() == tag.id()));
        }
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let tags: Vec<PropTag> = values.iter().map(|(tag, _)| *tag).collect();
        match target {
            Target::Ours(target) => Ok(prop::problems_of(&tags, target.assign(values))),
            Target::Theirs(target) => their::set(target, &values),
        }
    }

    /// # Safety
    ///
    /// A foreign target is a COM object with the interface.
    unsafe fn copy_parts(
        &self,
        parts: Parts<'_>,
        target: &Target,
        problems: &mut Vec<Problem>,
    ) -> Result<(), HRESULT> {
        let replace = self.flags & flags::MAPI_NOREPLACE == 0;
        let moved = self.flags & flags::MAPI_MOVE != 0;
        match (parts, target) {
            (Parts::Message(source), Target::Ours(target)) => {
                if let Parts::Message(target) = target.parts() {
                    if matches!(self.selection, Selection::AllBut { .. }) && self.selects(PR_SEARCH_KEY) {
                        target.copy_search_key(source);
                    }
                    if self.selects(PR_MESSAGE_RECIPIENTS) {
                        target.copy_recipients(source, replace);
                        if moved {
                            source.clear_recipients();
                        }
                    }
                    if self.selects(PR_MESSAGE_ATTACHMENTS) {
                        target.copy_attachments(source);
                        if moved {
                            source.clear_attachments();
                        }
                    }
                }
            }
            (Parts::Attachment(source), Target::Ours(target)) => {
                if let Parts::Attachment(target) = target.parts()
                    && self.selects(PR_ATTACH_DATA_OBJ)
                {
                    target.copy_embedded(source, replace);
                }
            }
            (Parts::Message(source), Target::Theirs(target)) => {
                let recipients = source.recipient_rows();
                if self.selects(PR_MESSAGE_RECIPIENTS) && !recipients.is_empty() && self.is_message() {
                    let flags = if replace { 0 } else { flags::MODRECIP_ADD };
                    let arena = Arena::default();
                    // SAFETY: the interface was said to be IMessage; the list lives for the call.
                    let code = unsafe { target.ModifyRecipients(flags, arena.recipients(&recipients)?) };
                    if code.is_err() {
                        problems.push(Problem { index: 0, tag: PR_MESSAGE_RECIPIENTS, code });
                    }
                }
                if self.selects(PR_MESSAGE_ATTACHMENTS) && source.has_attachments() {
                    gate::unsupported_part(self.method, "attachments were not copied to a foreign object");
                }
            }
            (Parts::Attachment(source), Target::Theirs(_)) if source.is_embedded() => {
                gate::unsupported_part(self.method, "an embedded message was not copied to a foreign object");
            }
            (Parts::None | Parts::Attachment(_), _) => {}
        }
        Ok(())
    }

    fn is_message(&self) -> bool {
        self.interface.is_some() && self.interface == ours::iid_of("IMessage")
    }
}

/// The outcome where nothing of an object can be changed.
#[must_use]
pub fn refuse_all(count: usize, code: HRESULT) -> Vec<Outcome> {
    vec![Err(code); count]
}
