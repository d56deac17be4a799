//! Garbage in every output of every call of the spooler's.

use mapi_spi::HRESULT;
use mapi_spi::kinds::Wire;
use mapi_spi::meta::{Direction, INTERFACES, Param};
use mapi_spi::words::word_of;

use super::raw::overwrite;
use crate::boundary::{Call, Side};
use crate::defects::Defect;
use crate::defects::tools::{allocate, free};
use crate::hooks::{self, Hooks};

pub(super) const HOSTILE: &[Defect] = &[
    ("outputs-nowhere", || after_each(|call| fill(call, NOWHERE))),
    ("outputs-all-ones", || after_each(|call| fill(call, u64::MAX))),
    ("outputs-overrun", || after_each(overrun)),
    ("results-of-no-kind", || after_each(|call| call.answer(HRESULT(0x7fff_fff0)))),
    ("results-all-ones", || after_each(|call| call.answer(HRESULT(-1)))),
];

/// A program that never maps this.
const NOWHERE: u64 = 0x10_0000;

type Spoil = fn(&mut Call<'_>);

/// What is left in the outputs of one method, by the beginning of the candidate's name.
const KINDS: &[(&str, Spoil)] = &[
    ("garbage-in-", |call| fill(call, NOWHERE)),
    ("ones-in-", |call| fill(call, u64::MAX)),
    ("freed-in-", |call| fill(call, freed())),
    ("foreign-in-", |call| fill(call, foreign())),
    ("counts-in-", counts),
];

/// `KIND-in-METHOD`: after the calls of this method - `Poll`, `IMAPITable.QueryRows`, `XPProviderInit` - all of its outputs are of
/// the kind. Nothing where the name has another form, or there is no such method.
pub(super) fn made(name: &str) -> Option<Hooks> {
    let (_, spoil, method) =
        KINDS.iter().find_map(|(kind, spoil)| Some((kind, spoil, name.strip_prefix(kind)?)))?;
    let known = INTERFACES.iter().flat_map(|interface| interface.methods).any(|known| {
        known.name == method || method == format!("{}.{}", known.interface, known.name).as_str()
    });
    let known = known || matches!(method, "QueryInterface" | "XPProviderInit" | "MSProviderInit");
    let method = method.to_owned();
    known.then(|| {
        Hooks::default().after("*", move |call| {
            // The functions that stand alone are the entry points, and the spooler's own allocator.
            let asked = call.proxy().is_none_or(|proxy| proxy.side() == Side::Provider);
            if asked && (call.method() == method || call.is(&method)) {
                spoil(call);
            }
        })
    })
}

/// After each call of the spooler's on an object.
fn after_each(step: impl Fn(&mut Call<'_>) + Send + Sync + 'static) -> Hooks {
    Hooks::default().after("*", move |call| {
        if call.proxy().is_some_and(|proxy| proxy.side() == Side::Provider) {
            step(call);
        }
    })
}

/// Puts a word into each output; every cell of the spooler's has eight bytes.
fn fill(call: &mut Call<'_>, word: u64) {
    for output in outputs(call) {
        call.write(output.name, word);
    }
}

/// More than there is of anything, in each output that is a number, and may be a count.
fn counts(call: &mut Call<'_>) {
    for output in outputs(call).filter(|output| output.wire == Wire::Ulong) {
        call.write(output.name, 0x4000_0000_u32);
    }
}

/// Twenty-four bytes where four or eight belong.
fn overrun(call: &mut Call<'_>) {
    for output in outputs(call) {
        overwrite(call.ptr(output.name), 0x21, 24);
    }
}

/// A block that was given back already.
fn freed() -> u64 {
    let block = allocate(64);
    free(block);
    word_of(block)
}

/// An object of the spooler's; before there is one, memory of the library's own.
fn foreign() -> u64 {
    static OWN: [u64; 8] = [0; 8];
    let support = hooks::support();
    word_of(if support.is_null() { OWN.as_ptr().cast_mut().cast() } else { support })
}

fn outputs(call: &Call<'_>) -> impl Iterator<Item = &'static Param> + use<> {
    call.params().iter().filter(|param| param.direction != Direction::In)
}
