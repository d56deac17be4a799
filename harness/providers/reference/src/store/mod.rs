//! The message store: what clients keep their mail in, and send it from.
//!
//! In memory; one store for each name, shared by all logons of the process: the client's and the spooler's see the same.
//! Objects that clients hold are thin: what they do is done by a node ([`props::PropNode`]), what they change is changed in
//! the store's data ([`data::Core`]) when it is saved.

mod attach;
mod bag;
mod computed;
mod copy;
mod data;
mod entries;
mod folder;
mod folder_ops;
mod ids;
mod incoming;
mod logon;
mod message;
mod message_object;
mod names;
mod naming;
mod notify;
mod object;
mod opening;
mod props;
mod provider;
mod queue;
mod restriction;
mod session;
mod sources;
mod status;
mod stream;
mod submit;
mod table;
mod table_object;
#[cfg(test)]
mod tests;

pub(crate) use ids::StoreKey;
pub(crate) use incoming::receive;
pub(crate) use provider::StoreProvider;
pub(crate) use session::StoreSession;
