//! The entry points of provider libraries as methods, so that they are marshalled like all others.

use mapi_spi::kinds::{self, Kind as _};
use mapi_spi::meta::{Direction, Method, Note, Param};

use crate::loader::EntryPoint;

const fn param(name: &'static str, direction: Direction, wire: kinds::Wire, note: Note) -> Param {
    Param { name, direction, wire, note }
}

const MALLOC: Param = param("lpMalloc", Direction::In, kinds::Object::WIRE, Note::Interface("IMalloc"));
const FLAGS: Param = param("ulFlags", Direction::In, kinds::Ulong::WIRE, Note::None);
const VERSION: Param = param("ulMAPIVer", Direction::In, kinds::Ulong::WIRE, Note::None);
const PROVIDER_VERSION: Param = param("lpulProviderVer", Direction::Out, kinds::Ulong::WIRE, Note::None);

/// `XPProviderInit`, without what cannot leave a process: instance handle and memory functions.
pub(super) static XP_PROVIDER_INIT: Method = Method {
    interface: "",
    name: "XPProviderInit",
    full_name: "XPProviderInit",
    doc: "Initialises a transport provider and returns its provider object.",
    page: "xpproviderinit",
    params: &[
        MALLOC,
        FLAGS,
        VERSION,
        PROVIDER_VERSION,
        param("lppXPProvider", Direction::Out, kinds::Object::WIRE, Note::Interface("IXPProvider")),
    ],
    returns_hresult: true,
};

/// `MSProviderInit`, likewise.
pub(super) static MS_PROVIDER_INIT: Method = Method {
    interface: "",
    name: "MSProviderInit",
    full_name: "MSProviderInit",
    doc: "Initialises a message store provider and returns its provider object.",
    page: "msproviderinit",
    params: &[
        MALLOC,
        FLAGS,
        VERSION,
        PROVIDER_VERSION,
        param("lppMSProvider", Direction::Out, kinds::Object::WIRE, Note::Interface("IMSProvider")),
    ],
    returns_hresult: true,
};

/// The entry point as a method.
pub(super) fn method_of(entry: EntryPoint) -> &'static Method {
    match entry {
        EntryPoint::XPProviderInit => &XP_PROVIDER_INIT,
        EntryPoint::MSProviderInit => &MS_PROVIDER_INIT,
    }
}

/// The entry point of a name.
pub(super) fn entry_of(name: &str) -> Option<EntryPoint> {
    [EntryPoint::XPProviderInit, EntryPoint::MSProviderInit].into_iter().find(|entry| entry.name() == name)
}
