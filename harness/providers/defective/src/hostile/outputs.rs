//! Garbage in every output of every call of the spooler's.

use mapi_spi::meta::{Direction, INTERFACES};

use super::raw::overwrite;
use crate::boundary::Side;
use crate::defects::Defect;
use crate::hooks::Hooks;

pub(super) const HOSTILE: &[Defect] = &[
    ("outputs-nowhere", || everywhere(0x10_0000)),
    ("outputs-all-ones", || everywhere(u64::MAX)),
    ("outputs-overrun", outputs_overrun),
];

/// After the call of this method, in all of its outputs; nothing where no interface of a provider has one of the name.
pub(super) fn garbage_in(method: &str) -> Option<Hooks> {
    let provider = INTERFACES.iter().filter(|interface| matches!(interface.name, "IXPProvider" | "IXPLogon"));
    let known = provider.flat_map(|interface| interface.methods).any(|known| known.name == method);
    let method = method.to_owned();
    known.then(|| {
        Hooks::default().after("*", move |call| {
            let asked = call.proxy().is_some_and(|proxy| proxy.side() == Side::Provider);
            if asked && call.method() == method {
                fill(call, 0x10_0000);
            }
        })
    })
}

fn everywhere(word: u64) -> Hooks {
    Hooks::default().after("*", move |call| {
        if call.proxy().is_some_and(|proxy| proxy.side() == Side::Provider) {
            fill(call, word);
        }
    })
}

/// Puts a word into each output; every cell of the spooler's has eight bytes.
fn fill(call: &mut crate::boundary::Call<'_>, word: u64) {
    for name in outputs(call) {
        call.write(name, word);
    }
}

fn outputs(call: &crate::boundary::Call<'_>) -> Vec<&'static str> {
    let method = INTERFACES
        .iter()
        .flat_map(|interface| interface.methods)
        .find(|known| call.is(&format!("{}.{}", known.interface, known.name)) && known.name == call.method());
    let params = method.map_or(&[][..], |method| method.params);
    params.iter().filter(|param| param.direction != Direction::In).map(|param| param.name).collect()
}

/// Twenty-four bytes where four or eight belong.
fn outputs_overrun() -> Hooks {
    Hooks::default().after("*", |call| {
        if call.proxy().is_some_and(|proxy| proxy.side() == Side::Provider) {
            for name in outputs(call) {
                overwrite(call.ptr(name), 0x21, 24);
            }
        }
    })
}
