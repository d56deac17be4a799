//! Messages as plain data, and as the trace shows them.

use mapi_spi::PropTag;
use mapi_spi::tags::{PR_INSTANCE_KEY, PR_ROWID};
use mapi_spi::values::PropValue;

use crate::objects::names::Names;
use crate::objects::properties::Properties;
use crate::trace::event::{Attachment, Content, Prop};
use crate::trace::value;

/// A message at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageData {
    /// Its own properties: computed ones are no part of them.
    pub props: Properties,
    /// Its recipients with their row identifiers, in the order of the rows.
    pub recipients: Vec<(u32, Properties)>,
    /// Its attachments, in the order of their numbers.
    pub attachments: Vec<AttachData>,
    /// How often it had been saved.
    pub saves: u32,
    /// Whether it was changed after the last save.
    pub dirty: bool,
}

/// An attachment at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttachData {
    /// Its number within the message.
    pub number: u32,
    /// Its identity, PR_RECORD_KEY.
    pub key: [u8; 16],
    /// Its own properties.
    pub props: Properties,
    /// The embedded message.
    pub embedded: Option<Box<MessageData>>,
    /// Whether its own `SaveChanges` was called.
    pub saved: bool,
}

impl MessageData {
    /// The message as the trace shows it. Named properties carry their names.
    #[must_use]
    pub fn content(&self, names: &Names) -> Content {
        let recipient = |(_, props): &(u32, Properties)| {
            let own = props.iter().filter(|(tag, _)| !is_row_key(*tag));
            own.map(|(tag, value)| prop(names, tag, value)).collect()
        };
        Content {
            props: rendered(names, &self.props),
            recipients: self.recipients.iter().map(recipient).collect(),
            attachments: self.attachments.iter().map(|attachment| attachment.content(names)).collect(),
            saves: self.saves,
            dirty: self.dirty,
        }
    }

    /// About how many bytes the message takes when it is moved: the value of PR_MESSAGE_SIZE.
    #[must_use]
    pub fn size(&self) -> usize {
        let recipients: usize = self.recipients.iter().map(|(_, props)| props.size()).sum();
        let attachments: usize = self.attachments.iter().map(AttachData::size).sum();
        self.props.size() + recipients + attachments
    }

    /// Whether it has attachments that were saved.
    #[must_use]
    pub fn has_attachments(&self) -> bool {
        self.attachments.iter().any(|attachment| attachment.saved)
    }
}

impl AttachData {
    fn content(&self, names: &Names) -> Attachment {
        Attachment {
            props: rendered(names, &self.props),
            embedded: self.embedded.as_ref().map(|message| Box::new(message.content(names))),
            saved: self.saved,
        }
    }

    /// About how many bytes the attachment takes: the value of PR_ATTACH_SIZE.
    #[must_use]
    pub fn size(&self) -> usize {
        self.props.size() + self.embedded.as_ref().map_or(0, |message| message.size())
    }
}

/// Rows of recipients carry identifiers that are the table's and not the recipient's.
fn is_row_key(tag: PropTag) -> bool {
    [PR_ROWID, PR_INSTANCE_KEY].iter().any(|key| key.id() == tag.id())
}

fn rendered(names: &Names, props: &Properties) -> Vec<Prop> {
    props.iter().map(|(tag, value)| prop(names, tag, value)).collect()
}

fn prop(names: &Names, tag: PropTag, value: &PropValue) -> Prop {
    let mut prop = value::prop(tag, value);
    if tag.is_named() {
        prop.name = names.name_of(tag.id()).map(|name| name.text());
    }
    prop
}
