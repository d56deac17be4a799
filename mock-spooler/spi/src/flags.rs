//! Flags and numbers of the methods' `ULONG` parameters and of `PT_LONG` properties.
//!
//! At the boundary they stay `u32`; one bit means different things to different methods (`NOTIFY_NEWMAIL` and
//! `NOTIFY_BEGIN_INBOUND` are both 1). A [`FlagSet`] says which names a parameter can have; it turns a value into text for
//! the trace and text into a value, and does not lose what it does not know.

mod objects;
mod status;
mod stores;
mod tables;
mod transports;

// The headers' names share one name space, and users expect them here.
pub use objects::*;
pub use status::*;
pub use stores::*;
pub use tables::*;
pub use transports::*;

use crate::codes::parse_hex;

/// The names that the values of one parameter or property are made of.
///
/// Bits combine freely. What is left when the known bits are taken off may be one of the set's numbers: a recipient type
/// is `MAPI_TO|MAPI_P1`. A set of bits alone has no numbers, a mere enumeration has no bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlagSet {
    /// The set's own name, that of the constant.
    pub name: &'static str,
    /// Flags. Where two have the same value, the first is printed.
    pub bits: &'static [(u32, &'static str)],
    /// Values that exclude each other. Where two are the same, the first is printed.
    pub numbers: &'static [(u32, &'static str)],
}

impl FlagSet {
    /// The value by names, `NOTIFY_BEGIN_INBOUND|0x00000100`: unknown bits as one number, at the end. No bits: `0`.
    pub fn render(&self, value: u32) -> String {
        let mut parts = Vec::new();
        let mut rest = value;
        if let Some(name) = self.number(value) {
            return name.to_owned();
        }
        for (bit, name) in self.bits {
            if rest & bit == *bit {
                parts.push((*name).to_owned());
                rest &= !bit;
            }
        }
        match self.number(rest) {
            Some(name) => parts.insert(0, name.to_owned()),
            None if rest != 0 => parts.push(format!("{rest:#010X}")),
            None if parts.is_empty() => parts.push("0".to_owned()),
            None => {}
        }
        parts.join("|")
    }

    /// The value of names and numbers (decimal, or hexadecimal with `0x`) joined by `|`; `None` if a part is not known.
    pub fn parse(&self, text: &str) -> Option<u32> {
        text.split('|').map(|part| self.parse_part(part.trim())).try_fold(0, |sum, part| Some(sum | part?))
    }

    /// The value of one name of this set.
    pub fn value_of(&self, name: &str) -> Option<u32> {
        self.entries().find(|(_, known)| *known == name).map(|(value, _)| value)
    }

    /// The set with this name.
    pub fn by_name(name: &str) -> Option<&'static FlagSet> {
        FlagSet::all().find(|set| set.name == name)
    }

    /// Every set of this crate.
    pub fn all() -> impl Iterator<Item = &'static FlagSet> {
        let parts = [TRANSPORTS, STATUS, STORES, OBJECTS, TABLES];
        parts.into_iter().flatten().copied()
    }

    /// Every value with its name.
    pub fn entries(&self) -> impl Iterator<Item = (u32, &'static str)> {
        self.bits.iter().chain(self.numbers).copied()
    }

    fn number(&self, value: u32) -> Option<&'static str> {
        self.numbers.iter().find(|(number, _)| *number == value).map(|(_, name)| *name)
    }

    fn parse_part(&self, part: &str) -> Option<u32> {
        match part.strip_prefix("0x") {
            Some(digits) => parse_hex(digits),
            None if part.bytes().all(|byte| byte.is_ascii_digit()) => part.parse().ok(),
            None => self.value_of(part),
        }
    }
}

/// The value of a flag or number, in whichever set it is: names have one value each.
pub fn value_of(name: &str) -> Option<u32> {
    FlagSet::all().find_map(|set| set.value_of(name))
}

/// Defines sets with their constants, and the list of the sets. `shared` names constants that another set defines.
macro_rules! flag_sets {
    ($list:ident: $(
        $(#[$doc:meta])*
        $set:ident {
            $(bits { $($bit:ident = $bit_value:literal),* $(,)? })?
            $(numbers { $($number:ident = $number_value:literal),* $(,)? })?
            $(shared { $($shared:ident),* $(,)? })?
        }
    )*) => {
        $(
            $($(
                #[doc = concat!("`", stringify!($bit_value), "`, a flag of [`", stringify!($set), "`].")]
                pub const $bit: u32 = $bit_value;
            )*)?
            $($(
                #[doc = concat!("`", stringify!($number_value), "`, a value of [`", stringify!($set), "`].")]
                pub const $number: u32 = $number_value;
            )*)?
            $(#[$doc])*
            pub static $set: $crate::flags::FlagSet = $crate::flags::FlagSet {
                name: stringify!($set),
                bits: &[
                    $($(($bit, stringify!($bit)),)*)?
                    $($(($shared, stringify!($shared)),)*)?
                ],
                numbers: &[$($(($number, stringify!($number)),)*)?],
            };
        )*

        pub(super) static $list: &[&$crate::flags::FlagSet] = &[$(&$set),*];
    };
}
use flag_sets;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_name_has_one_value_and_a_set_one_name() {
        let mut values = BTreeMap::new();
        let mut sets = BTreeMap::new();
        for set in FlagSet::all() {
            assert_eq!(sets.insert(set.name, ()), None, "{}", set.name);
            assert_eq!(FlagSet::by_name(set.name), Some(set));
            for (value, name) in set.entries() {
                assert_eq!(*values.entry(name).or_insert(value), value, "{name}");
                assert_eq!(value_of(name), Some(value));
            }
            assert!(set.bits.iter().all(|(bit, _)| bit.is_power_of_two()), "{}: a flag is one bit", set.name);
        }
    }

    #[test]
    fn what_is_rendered_parses_back() {
        for set in FlagSet::all() {
            for (value, _) in set.entries() {
                for other in [0, 0x0010_0100, 0x8000_0000, u32::MAX] {
                    let text = set.render(value | other);
                    assert_eq!(set.parse(&text), Some(value | other), "{}: {text}", set.name);
                }
            }
        }
    }

    #[test]
    fn unknown_bits_survive() {
        assert_eq!(TRANSPORT_NOTIFY_FLAGS.render(0x101), "NOTIFY_BEGIN_INBOUND|0x00000100");
        assert_eq!(TRANSPORT_NOTIFY_FLAGS.render(0), "0");
        assert_eq!(TRANSPORT_NOTIFY_FLAGS.parse("NOTIFY_BEGIN_INBOUND | 0x100"), Some(0x101));
        assert_eq!(TRANSPORT_NOTIFY_FLAGS.parse("NOTIFY_NEWMAIL"), None, "a name of another set");
        for wrong in ["", "|", "NOTIFY_BEGIN_INBOUND|", "0x", "-1"] {
            assert_eq!(TRANSPORT_NOTIFY_FLAGS.parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_with_bits() {
        assert_eq!(RECIPIENT_TYPES.render(MAPI_TO | MAPI_P1), "MAPI_TO|MAPI_P1");
        assert_eq!(RECIPIENT_TYPES.render(9), "0x00000009");
        assert_eq!(OBJECT_TYPES.render(MAPI_STATUS), "MAPI_STATUS");
        assert_eq!(FUZZY_LEVELS.render(0), "FL_FULLSTRING");
        assert_eq!(FUZZY_LEVELS.render(FL_PREFIX | FL_IGNORECASE), "FL_PREFIX|FL_IGNORECASE");
    }
}
