//! Structures that cross the boundary, with the headers' names, fields and natural alignment.
//!
//! Arrays of unknown length at a structure's end have one element, as in the headers (`MAPI_DIM`). A reference to such a
//! structure covers that one element only, so the functions that give the whole array take the pointer instead.
//! Pointers to COM objects are untyped: whether an interface is the one it should be is what this project is to find out.

mod elements;
mod events;
mod functions;
mod props;
mod restrictions;
mod rows;
mod storage;

pub use elements::Elements;
pub use events::{
    ERROR_NOTIFICATION, EXTENDED_NOTIFICATION, NEWMAIL_NOTIFICATION, NOTIFICATION, NOTIFICATION_INFO,
    NOTIFKEY, OBJECT_NOTIFICATION, STATUS_OBJECT_NOTIFICATION, TABLE_NOTIFICATION, cb_new_notifkey,
};
pub use functions::{
    ALLOCATEBUFFER, ALLOCATEMORE, FREEBUFFER, LPALLOCATEBUFFER, LPALLOCATEMORE, LPFREEBUFFER, MSPROVIDERINIT,
    XPPROVIDERINIT,
};
pub use props::{
    __UPV, CY, FILETIME, MAPINAMEID, MAPINAMEID_KIND, SAppTimeArray, SBinary, SBinaryArray, SCurrencyArray,
    SDateTimeArray, SDoubleArray, SGuidArray, SLPSTRArray, SLargeIntegerArray, SLongArray, SPropProblem,
    SPropProblemArray, SPropTagArray, SPropValue, SRealArray, SShortArray, SWStringArray,
    cb_new_sprop_problem_array, cb_new_sprop_tag_array,
};
pub use restrictions::{
    SAndRestriction, SAnnotationRestriction, SBitMaskRestriction, SCommentRestriction,
    SComparePropsRestriction, SContentRestriction, SCountRestriction, SExistRestriction, SNotRestriction,
    SOrRestriction, SPropertyRestriction, SRestriction, SRestrictionRes, SSizeRestriction, SSubRestriction,
};
pub use rows::{
    ADRENTRY, ADRLIST, SRow, SRowSet, SSortOrder, SSortOrderSet, cb_new_adrlist, cb_new_srow_set,
    cb_new_ssort_order_set,
};
pub use storage::{
    ENTRYID, ENTRYLIST, FLATENTRY, FLATENTRYLIST, MAPIERROR, MAPIUID, OPTIONDATA, STATSTG, cb_new_entryid,
    cb_new_flatentry, cb_new_flatentrylist,
};

/// Gives a structure with an array at its end the function that reads the whole array.
macro_rules! flexible {
    ($name:ident, $count:ident, $array:ident: [$element:ty], $cb_new:ident) => {
        impl $name {
            #[doc = concat!("All of `", stringify!($array), "`; none if `this` is null.")]
            ///
            /// # Safety
            ///
            /// A `this` that is not null has to point to an initialised structure, wherever it lies, allocated with the room
            /// for as many elements as its count says, that stays unchanged for `'a`.
            pub unsafe fn elements<'a>(this: *const $name) -> $crate::structs::Elements<'a, $element> {
                let count = std::mem::offset_of!($name, $count);
                let array = std::mem::offset_of!($name, $array);
                // SAFETY: none are read where `this` is null; otherwise it is initialised with its whole array, as the caller
                // vouches. The pointers are derived from `this` itself, so they may reach beyond the one declared element.
                unsafe {
                    let count =
                        if this.is_null() { 0 } else { this.byte_add(count).cast::<u32>().read_unaligned() };
                    $crate::structs::Elements::new(this.wrapping_byte_add(array).cast(), count)
                }
            }
        }

        #[doc = concat!("Bytes that a [`", stringify!($name), "`] with `count` elements needs.")]
        pub const fn $cb_new(count: usize) -> usize {
            std::mem::offset_of!($name, $array) + count * size_of::<$element>()
        }
    };
}
use flexible;

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use std::mem::{offset_of, size_of};

    use super::*;

    #[test]
    fn sizes_on_64_bits() {
        assert_eq!(size_of::<SPropValue>(), 24);
        assert_eq!(offset_of!(SPropValue, Value), 8);
        assert_eq!(size_of::<SRow>(), 16);
        assert_eq!(size_of::<ADRENTRY>(), 16);
        assert_eq!(offset_of!(ADRLIST, aEntries), 8);
        assert_eq!(size_of::<SPropProblem>(), 12);
        assert_eq!(size_of::<SBinary>(), 16);
        assert_eq!(size_of::<MAPIERROR>(), 32);
        assert_eq!(size_of::<OPTIONDATA>(), 64);
        assert_eq!(size_of::<MAPINAMEID>(), 24);
        assert_eq!(size_of::<TABLE_NOTIFICATION>(), 80);
        assert_eq!(size_of::<OBJECT_NOTIFICATION>(), 72);
        assert_eq!(size_of::<NOTIFICATION>(), 88);
        assert_eq!(size_of::<SRestriction>(), 32);
        assert_eq!(size_of::<SSortOrderSet>(), 20);
        assert_eq!(size_of::<STATSTG>(), 80);
    }

    #[test]
    fn flexible_arrays() {
        assert_eq!(cb_new_sprop_tag_array(3), 16);
        assert_eq!(cb_new_adrlist(2), 40);
        assert_eq!(cb_new_srow_set(0), 8);
        assert_eq!(cb_new_ssort_order_set(2), 28);
        assert_eq!(cb_new_entryid(16), 20);
        let words = [3_u32, 0x0037_001F, 0x1000_001F, 0x0C15_0003];
        // SAFETY: the words have the layout of an SPropTagArray with three tags and live until the end of the test.
        let tags = unsafe { SPropTagArray::elements(words.as_ptr().cast()) };
        assert_eq!(tags.collect::<Vec<_>>(), &words[1..]);
        // SAFETY: null is allowed.
        assert_eq!(unsafe { SRowSet::elements(std::ptr::null()) }.len(), 0);
    }
}
