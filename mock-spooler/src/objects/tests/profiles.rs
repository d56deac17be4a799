use mapi_spi::interfaces::IProfSect;
use mapi_spi::structs::MAPINAMEID;
use mapi_spi::tags::PR_OBJECT_TYPE;

use super::*;
use crate::objects::profsect::Profile;

const PLACE_A: PropTag = PropTag(0x6600_001E);
const PLACE_W: PropTag = PropTag(0x6600_001F);

fn profile() -> Profile {
    Profile::new(vec![(PLACE_A, PropValue::String8(b"here".to_vec()))])
}

fn open(profile: &Profile, uid: Option<[u8; 16]>, flags: u32) -> Result<IProfSect, HRESULT> {
    profile.open(uid, flags).map(|handle| taken(handle.0))
}

#[test]
fn the_own_section_is_kept_and_shared() {
    let profile = profile();
    let section = open(&profile, None, flags::MAPI_MODIFY).expect("it is there");
    assert_eq!(text_of(&section, PLACE_W).as_deref(), Some("here"), "either width");
    assert_eq!(one(&section, PR_OBJECT_TYPE), Some(PropValue::Long(9)));
    assert_eq!(set(&section, &[wide(PLACE_W, "there")]), (HRESULT::S_OK, vec![]));
    save(&section);
    let again = open(&profile, None, 0).expect("it is there");
    assert_eq!(text_of(&again, PLACE_A).as_deref(), Some("there"));
    assert_eq!(set(&again, &[wide(PLACE_W, "no")]).1, [(0, HRESULT::MAPI_E_NO_ACCESS)]);
    assert_eq!(profile.own().to_row().len(), 1);
}

#[test]
fn other_sections_are_made_to_be_changed() {
    let profile = profile();
    assert_eq!(open(&profile, Some([1; 16]), 0).err(), Some(HRESULT::MAPI_E_NOT_FOUND));
    let made = open(&profile, Some([1; 16]), flags::MAPI_MODIFY).expect("it is made");
    set(&made, &[wide(PLACE_W, "other")]);
    let again = open(&profile, Some([1; 16]), 0).expect("it is there now");
    assert_eq!(text_of(&again, PLACE_W).as_deref(), Some("other"));
    assert_eq!(open(&profile, None, 0x2).err(), Some(HRESULT::MAPI_E_UNKNOWN_FLAGS));
}

#[test]
fn sections_have_no_named_properties() {
    let section = open(&profile(), None, 0).expect("it is there");
    let mut tags = ptr::null_mut();
    // SAFETY: the output is ours.
    let code = unsafe { section.GetIDsFromNames(0, ptr::null_mut::<*mut MAPINAMEID>(), 0, &raw mut tags) };
    assert_eq!(code, HRESULT::MAPI_E_NO_SUPPORT);
}
