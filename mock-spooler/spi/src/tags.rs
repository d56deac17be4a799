//! Property tags: a property's identifier in the upper, its type in the lower 16 bits.
//!
//! [`PropTag`] and [`PropType`] are newtypes, since a provider may use any identifier and any type. The constants
//! (`PR_SUBJECT_W`, ...) are those of `mapitags.h` and a few more that the property pages define. What the headers let
//! the build decide, `PR_SUBJECT` with `PT_TSTRING`, exists here only as the two real tags, `PR_SUBJECT_W` and
//! `PR_SUBJECT_A`; text that says `PR_SUBJECT` means the former.

mod kind;
mod messages;
mod objects;
mod tag;

pub use kind::PropType;
pub use tag::PropTag;

// The headers' names share one name space, and users expect them here: seven hundred re-exports by name would only
// repeat the two lists.
pub use messages::*;
pub use objects::*;

/// One identifier: the tags that its properties have, in the order of preference.
struct Property {
    id: u16,
    tags: &'static [(PropTag, &'static str)],
}

/// Defines the constants of a list of properties, and the list itself for look-ups by name and identifier.
macro_rules! properties {
    ($list:ident: $($id:literal $($name:ident $kind:ident),+;)*) => {
        $($(
            #[doc = concat!("Identifier `", stringify!($id), "`, type `", stringify!($kind), "`.")]
            pub const $name: $crate::tags::PropTag =
                $crate::tags::PropTag::new($id, $crate::tags::PropType::$kind);
        )+)*

        pub(super) const $list: &[$crate::tags::Property] = &[
            $($crate::tags::Property { id: $id, tags: &[$(($name, stringify!($name))),+] },)*
        ];
    };
}
use properties;

/// No property: what `GetProps` returns in the place of a column that was not asked for.
pub const PR_NULL: PropTag = PropTag::new(0, PropType::PT_NULL);

/// The identifier that no property has.
pub const PROP_ID_INVALID: u16 = 0xFFFF;

/// Names with the same meaning as another, from `mapitags.h`. Text families: the same holds with `_W` and `_A`.
const ALIASES: &[(&str, &str)] = &[
    ("PR_OFFICE_TELEPHONE_NUMBER", "PR_BUSINESS_TELEPHONE_NUMBER"),
    ("PR_OFFICE2_TELEPHONE_NUMBER", "PR_BUSINESS2_TELEPHONE_NUMBER"),
    ("PR_CELLULAR_TELEPHONE_NUMBER", "PR_MOBILE_TELEPHONE_NUMBER"),
    ("PR_BEEPER_TELEPHONE_NUMBER", "PR_PAGER_TELEPHONE_NUMBER"),
    ("PR_BUSINESS_ADDRESS_COUNTRY", "PR_COUNTRY"),
    ("PR_BUSINESS_ADDRESS_CITY", "PR_LOCALITY"),
    ("PR_BUSINESS_ADDRESS_STATE_OR_PROVINCE", "PR_STATE_OR_PROVINCE"),
    ("PR_BUSINESS_ADDRESS_STREET", "PR_STREET_ADDRESS"),
    ("PR_BUSINESS_ADDRESS_POSTAL_CODE", "PR_POSTAL_CODE"),
    ("PR_BUSINESS_ADDRESS_POST_OFFICE_BOX", "PR_POST_OFFICE_BOX"),
    ("PR_IN_REPLY_TO", "PR_IN_REPLY_TO_ID"),
];
