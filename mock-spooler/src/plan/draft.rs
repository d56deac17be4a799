//! Outbound mail as the plan has it: composed by the harness, turned into a message object by the child.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ProfileProp;

/// A message to be sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Its properties: class, subject, body, dates, Message-ID.
    pub props: Vec<ProfileProp>,
    /// Its recipients.
    pub recipients: Vec<DraftRecipient>,
    /// Its attachments.
    pub attachments: Vec<DraftAttachment>,
}

/// A recipient of a message to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DraftRecipient {
    /// PR_EMAIL_ADDRESS.
    pub address: String,
    /// PR_DISPLAY_NAME; the address where missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// PR_ADDRTYPE; the candidate's first one where missing.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub address_type: Option<String>,
    /// The identifier of the address book that the recipient's entry identifier is from, as 32 hexadecimal digits; a one-off
    /// entry identifier where missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// PR_RECIPIENT_TYPE.
    #[serde(default)]
    pub kind: RecipientKind,
    /// PR_RESPONSIBILITY is TRUE beforehand: another transport has served it.
    #[serde(default)]
    pub served: bool,
}

/// PR_RECIPIENT_TYPE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RecipientKind {
    /// MAPI_TO.
    #[default]
    To,
    /// MAPI_CC.
    Cc,
    /// MAPI_BCC.
    Bcc,
    /// MAPI_TO with MAPI_P1: made for a resend, for addressing only.
    P1,
}

/// An attachment of a message to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DraftAttachment {
    /// PR_ATTACH_LONG_FILENAME.
    pub name: String,
    /// PR_ATTACH_MIME_TAG.
    pub mime: String,
    /// The file that holds its bytes; none for an embedded message.
    #[serde(default)]
    pub data: Option<PathBuf>,
    /// The embedded message.
    #[serde(default)]
    pub embedded: Option<Box<Draft>>,
}
