//! Properties as streams of bytes.

use mapi_spi::HRESULT;
use mapi_spi::PropTag;
use mapi_spi::flags::{MAPI_CREATE, MAPI_MODIFY, STGC_DEFAULT};
use mapi_spi::interfaces::{IMAPIProp, IStream};

use super::object::open_property;
use super::{Result, check};

/// How much moves at once, in bytes.
const CHUNK: usize = 16 * 1024;

/// Opens a property as a stream, to be written where `write`.
///
/// # Errors
///
/// What `OpenProperty` answers.
pub(crate) fn open_stream(object: &IMAPIProp, tag: PropTag, write: bool) -> Result<IStream> {
    let flags = if write { MAPI_CREATE | MAPI_MODIFY } else { 0 };
    open_property(object, tag, 0, flags)
}

/// Writes all bytes and commits them. `moved` is told after each portion how much it was, and may stop the transfer.
///
/// # Errors
///
/// What the stream or `moved` answers; `MAPI_E_NOT_ENOUGH_DISK` where the stream takes no more.
pub(crate) fn write_all(
    stream: &IStream,
    bytes: &[u8],
    mut moved: impl FnMut(usize) -> Result<()>,
) -> Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let portion = &rest[..rest.len().min(CHUNK)];
        let mut written = 0;
        // SAFETY: the portion is readable for the length of the call; Write does not change it.
        check(unsafe { stream.Write(portion.as_ptr().cast_mut(), portion.len() as u32, &mut written) })?;
        if written == 0 {
            return Err(HRESULT::MAPI_E_NOT_ENOUGH_DISK);
        }
        rest = rest.get(written as usize..).unwrap_or_default();
        moved(written as usize)?;
    }
    // SAFETY: no pointers are passed.
    check(unsafe { stream.Commit(STGC_DEFAULT) }).map(drop)
}

/// Reads to the end. `moved` as for [`write_all`].
///
/// # Errors
///
/// What the stream or `moved` answers.
pub(crate) fn read_all(stream: &IStream, mut moved: impl FnMut(usize) -> Result<()>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let mut got = 0;
        // SAFETY: the chunk is writable in its whole length.
        check(unsafe { stream.Read(chunk.as_mut_ptr(), chunk.len() as u32, &mut got) })?;
        if got == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&chunk[..chunk.len().min(got as usize)]);
        moved(got as usize)?;
    }
}
