//! In what the two sides of a connection differ.

use std::fmt::Debug;

use mapi_spi::HRESULT;
use mapi_spi::meta::Method;
use mapi_spi::words::Through;
use serde_json::{Map, Value};

use super::fault::Fault;
use super::marshal::{Frame, Lent};
use super::objects::Proxy;
use super::peer::Peer;
use super::wrong::Wrong;

/// Outputs of a call in hand that have been written since the other side was told of them last.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Early {
    pub(super) call: Value,
    pub(super) out: Map<String, Value>,
}

/// One side's part of a connection.
pub(super) trait Role: Debug + Send + Sync {
    /// Answers a method that is no interface's; nothing where there is none of the name.
    fn request(&self, peer: &Peer, method: &str, params: &Value) -> Result<Option<Value>, Wrong>;

    /// Takes up a notification; whether there is one of the name.
    fn notified(&self, peer: &Peer, method: &str, params: &Value) -> Result<bool, Wrong>;

    /// The methods that there are, in words.
    fn methods(&self) -> String;

    /// The other side broke the protocol.
    fn fault(&self, peer: &Peer, fault: Fault) -> !;

    /// The other side has closed its output.
    fn ended(&self, peer: &Peer);

    /// Memory for the arguments of a call of the other side's.
    fn room(&self) -> Lent;

    /// Answers a call on a proxy without the other side; nothing where it is to be sent.
    fn local(
        &self,
        proxy: &Proxy,
        method: &'static Method,
        words: &mut [u64],
        through: Through,
    ) -> Option<u64> {
        let _ = (proxy, method, words, through);
        None
    }

    /// A call of ours was answered.
    ///
    /// # Safety
    ///
    /// The words are its arguments.
    unsafe fn answered(&self, method: &'static Method, words: &[u64], result: u64) {
        let _ = (method, words, result);
    }

    /// A call of the other side's begins; what ends it.
    fn begun(&self, id: &Value, frame: &Frame) -> Option<u64> {
        let _ = (id, frame);
        None
    }

    /// A call of the other side's has come back from the object.
    fn over(&self, begun: Option<u64>) {
        let _ = begun;
    }

    /// A call of the other side's has returned.
    ///
    /// # Safety
    ///
    /// The words are its arguments.
    unsafe fn returned(&self, peer: &Peer, method: &'static Method, words: &[u64], code: HRESULT) {
        let _ = (peer, method, words, code);
    }

    /// Outputs that were written before their call returned.
    fn early(&self) -> Vec<Early> {
        Vec::new()
    }
}
