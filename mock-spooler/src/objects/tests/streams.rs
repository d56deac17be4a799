use mapi_spi::interfaces::IStream;
use mapi_spi::structs::STATSTG;
use mapi_spi::tags::{PR_BODY_A, PR_BODY_W, PR_ENTRYID, PR_HTML, PR_PRIORITY};

use super::*;

fn open(object: &IMAPIProp, tag: PropTag, options: u32, flags: u32) -> Result<IStream, HRESULT> {
    let (id, mut raw) = (iid("IStream"), ptr::null_mut());
    // SAFETY: identifier and output are ours.
    let code = unsafe { object.OpenProperty(tag.0, &id, options, flags, &raw mut raw) };
    if code.is_err() { Err(code) } else { Ok(taken(raw)) }
}

const WRITE: u32 = flags::MAPI_CREATE | flags::MAPI_MODIFY;

fn write(stream: &IStream, bytes: &[u8]) -> (HRESULT, u32) {
    let mut written = 99;
    let count = u32::try_from(bytes.len()).expect("few bytes");
    // SAFETY: the bytes are read only; the output is ours.
    let code = unsafe { stream.Write(bytes.as_ptr().cast_mut(), count, &raw mut written) };
    (code, written)
}

fn read(stream: &IStream, count: u32) -> Vec<u8> {
    let mut bytes = vec![0; count as usize];
    let mut read = 99;
    // SAFETY: the buffer has room, the output is ours.
    assert_eq!(unsafe { stream.Read(bytes.as_mut_ptr(), count, &raw mut read) }, HRESULT::S_OK);
    bytes.truncate(read as usize);
    bytes
}

fn seek(stream: &IStream, distance: i64, origin: u32) -> (HRESULT, u64) {
    let mut position = 99;
    // SAFETY: the output is ours.
    let code = unsafe { stream.Seek(distance, origin, &raw mut position) };
    (code, position)
}

#[test]
fn written_with_commit_or_the_last_release() {
    let lent = Lent::new();
    let stream = open(&lent.com, PR_HTML, flags::STGM_WRITE, WRITE).expect("it is made");
    assert_eq!(write(&stream, b"<p>"), (HRESULT::S_OK, 3));
    // SAFETY: no pointers.
    assert_eq!(unsafe { stream.Commit(0) }, HRESULT::S_OK);
    assert_eq!(one(&lent.com, PR_HTML), Some(PropValue::Binary(b"<p>".to_vec())));
    write(&stream, b"</p>");
    drop(stream);
    assert_eq!(one(&lent.com, PR_HTML), Some(PropValue::Binary(b"<p></p>".to_vec())));
    save(&lent.com);
    let late = open(&lent.com, PR_HTML, flags::STGM_WRITE, flags::MAPI_MODIFY).expect("it is there");
    write(&late, b"x");
    assert!(!lent.message.dirty_since_save());
    drop(late);
    assert!(lent.message.dirty_since_save(), "what reaches the property after the save is seen");
}

#[test]
fn a_transacted_stream_can_be_reverted() {
    let lent = Lent::new();
    set(&lent.com, &[(PR_BODY_A, PropValue::String8(b"old".to_vec()))]);
    let stream = open(&lent.com, PR_BODY_A, flags::STGM_TRANSACTED, flags::MAPI_MODIFY).expect("it is there");
    write(&stream, b"new");
    // SAFETY: no pointers.
    assert_eq!(unsafe { stream.Revert() }, HRESULT::S_OK);
    seek(&stream, 0, flags::STREAM_SEEK_SET);
    assert_eq!(read(&stream, 10), b"old");
    seek(&stream, 0, flags::STREAM_SEEK_SET);
    write(&stream, b"NEW");
    drop(stream);
    assert_eq!(text_of(&lent.com, PR_BODY_A).as_deref(), Some("old"), "without Commit nothing is kept");
}

#[test]
fn text_in_either_width() {
    let lent = Lent::new();
    set(&lent.com, &[wide(PR_BODY_W, "dü")]);
    let stream = open(&lent.com, PR_BODY_W, 0, 0).expect("it is there");
    assert_eq!(read(&stream, 99), [b'd', 0, 0xFC, 0]);
    assert_eq!(write(&stream, b"x").0, HRESULT::STG_E_ACCESSDENIED);
    let stream =
        open(&lent.com, PR_BODY_A, 0, flags::MAPI_MODIFY | flags::STREAM_APPEND).expect("it is there");
    write(&stream, b"!\0");
    drop(stream);
    assert_eq!(one(&lent.com, PR_BODY_A), Some(PropValue::String8(b"d\xFC!".to_vec())));
}

#[test]
fn positions_and_sizes() {
    let lent = Lent::new();
    let stream = open(&lent.com, PR_HTML, 0, WRITE).expect("it is made");
    write(&stream, b"0123456789");
    assert_eq!(seek(&stream, -4, flags::STREAM_SEEK_END), (HRESULT::S_OK, 6));
    assert_eq!(read(&stream, 2), b"67");
    assert_eq!(seek(&stream, 1, flags::STREAM_SEEK_CUR), (HRESULT::S_OK, 9));
    assert_eq!(seek(&stream, -10, flags::STREAM_SEEK_CUR).0, HRESULT::STG_E_INVALIDFUNCTION);
    assert_eq!(seek(&stream, 0, 3).0, HRESULT::STG_E_INVALIDFUNCTION);
    let mut raw = ptr::null_mut();
    // SAFETY: the outputs are ours.
    unsafe {
        assert_eq!(stream.Clone(&raw mut raw), HRESULT::S_OK);
        let twin: IStream = taken(raw);
        assert_eq!(read(&twin, 5), b"9", "the twin begins where the other one stands");
        assert_eq!(stream.SetSize(3), HRESULT::S_OK);
        let mut stat: STATSTG = std::mem::zeroed();
        assert_eq!(twin.Stat(&raw mut stat, flags::STATFLAG_NONAME), HRESULT::S_OK);
        assert_eq!((stat.cbSize, stat.r#type), (3, flags::STGTY_STREAM));
        assert_eq!(twin.LockRegion(0, 1, flags::LOCK_WRITE), HRESULT::STG_E_INVALIDFUNCTION);
        assert_eq!(stream.SetSize(u64::MAX), HRESULT::STG_E_MEDIUMFULL);
    }
    assert_eq!(read(&stream, 5), b"", "behind the end there is nothing");
    write(&stream, b"x");
    assert_eq!(seek(&stream, 0, flags::STREAM_SEEK_END).1, 10, "and zeroes once something is written there");
}

#[test]
fn from_stream_to_stream() {
    let lent = Lent::new();
    let from = open(&lent.com, PR_HTML, 0, WRITE).expect("it is made");
    write(&from, b"abcdef");
    seek(&from, 1, flags::STREAM_SEEK_SET);
    let to = open(&lent.com, PR_BODY_A, 0, WRITE).expect("it is made");
    let (mut read, mut written) = (99, 99);
    // SAFETY: the streams live for the call, the outputs are ours.
    let code = unsafe { from.CopyTo(to.as_raw(), 4, &raw mut read, &raw mut written) };
    assert_eq!((code, read, written), (HRESULT::S_OK, 4, 4));
    drop(to);
    assert_eq!(text_of(&lent.com, PR_BODY_A).as_deref(), Some("bcde"));
}

#[test]
fn what_cannot_be_opened() {
    let lent = Lent::new();
    assert_eq!(open(&lent.com, PR_HTML, 0, 0).err(), Some(HRESULT::MAPI_E_NOT_FOUND));
    assert_eq!(open(&lent.com, PR_PRIORITY, 0, WRITE).err(), Some(HRESULT::MAPI_E_NO_SUPPORT));
    assert_eq!(open(&lent.com, PR_ENTRYID, 0, WRITE).err(), Some(HRESULT::MAPI_E_NO_ACCESS));
    let any = PR_HTML.with_type(mapi_spi::tags::PropType::PT_UNSPECIFIED);
    assert_eq!(open(&lent.com, any, 0, WRITE).err(), Some(HRESULT::MAPI_E_INVALID_PARAMETER));
}
