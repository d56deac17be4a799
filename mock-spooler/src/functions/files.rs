//! Streams on files. Page: openstreamonfile.

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mapi_spi::structs::STATSTG;
use mapi_spi::{HRESULT, flags};

use super::remote;
use crate::com::{Handle, object, ours};
use crate::implements;
use crate::objects::args::{self, INVALID};
use crate::objects::wire;

const SOF_UNIQUEFILENAME: u32 = 0x8000_0000;
/// What a temporary file's name begins with where nobody says otherwise.
const PREFIX: &str = "SOF";

/// A stream on a file.
#[derive(Debug)]
struct FileStream {
    file: Mutex<File>,
    mode: u32,
    /// Deleted with the last reference.
    delete: Option<PathBuf>,
}

implements!(FileStream: IStream);

impl Drop for FileStream {
    fn drop(&mut self) {
        if let Some(path) = &self.delete {
            // Nobody is left to hear of a failure.
            let _ = std::fs::remove_file(path);
        }
    }
}

pub(super) unsafe fn OpenStreamOnFile(
    _lpAllocateBuffer: *mut c_void,
    _lpFreeBuffer: *mut c_void,
    ulFlags: u32,
    lpszFileName: *mut u8,
    lpszPrefix: *mut u8,
    lppStream: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: null or strings, as the caller vouches.
    unsafe { open(ulFlags, lpszFileName.cast(), lpszPrefix.cast(), false, lppStream) }
}

pub(super) unsafe fn OpenStreamOnFileW(
    _lpAllocateBuffer: *mut c_void,
    _lpFreeBuffer: *mut c_void,
    ulFlags: u32,
    lpszFileName: *mut c_void,
    lpszPrefix: *mut c_void,
    lppStream: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: null or wide strings, as the caller vouches.
    unsafe { open(ulFlags, lpszFileName, lpszPrefix, true, lppStream) }
}

/// # Safety
///
/// `name` and `prefix` are null or strings of the width, `out` is null or valid for a write.
unsafe fn open(
    ulFlags: u32,
    name: *const c_void,
    prefix: *const c_void,
    wide: bool,
    out: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: as the caller vouches.
    let text = |at| unsafe { args::text(at, wide) }.map(|text| text.map(|text| text.decode()));
    let made = args::needed(out).and_then(|()| opened(ulFlags, text(name)?, text(prefix)?));
    // SAFETY: as the caller vouches.
    unsafe { args::put(out, made.map_or(ptr::null_mut(), |stream| stream.0)) };
    made.err().unwrap_or(HRESULT::S_OK)
}

fn opened(ulFlags: u32, name: Option<String>, prefix: Option<String>) -> Result<Handle, HRESULT> {
    let has = |flag| ulFlags & flag == flag;
    let (create, write) = (has(flags::STGM_CREATE), has(flags::STGM_READWRITE));
    let delete = has(flags::STGM_DELETEONRELEASE);
    // What the page asks of the flags; a prefix has three characters at most.
    let lone = name.is_none() && !(create && delete);
    let long = prefix.as_ref().is_some_and(|prefix| prefix.chars().count() > 3);
    if create && !write || lone || long {
        return Err(INVALID);
    }
    let mut options = OpenOptions::new();
    options.read(true).write(write);
    let (path, file) = if has(SOF_UNIQUEFILENAME) || name.is_none() {
        let dir = name.map_or_else(std::env::temp_dir, PathBuf::from);
        unique(&dir, prefix.as_deref().unwrap_or(PREFIX)).map_err(|error| code(&error))?
    } else {
        let path = PathBuf::from(name.unwrap_or_default());
        let file = options.create(create).truncate(create).open(&path).map_err(|error| code(&error))?;
        (path, file)
    };
    let stream = FileStream {
        file: Mutex::new(file),
        mode: if write { flags::STGM_READWRITE } else { 0 },
        delete: delete.then_some(path),
    };
    Ok(object::hand_out(Arc::new(stream), "file-stream"))
}

/// A file that was not there, named `PREFIXhhhh.TMP`.
fn unique(dir: &Path, prefix: &str) -> io::Result<(PathBuf, File)> {
    for number in 1..=u16::MAX {
        let path = dir.join(format!("{prefix}{number:04X}.TMP"));
        match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn code(error: &io::Error) -> HRESULT {
    match error.kind() {
        ErrorKind::NotFound => HRESULT::MAPI_E_NOT_FOUND,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::AlreadyExists => {
            HRESULT::MAPI_E_NO_ACCESS
        }
        _ => HRESULT::MAPI_E_CALL_FAILED,
    }
}

impl FileStream {
    fn file(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writable(&self) -> Result<(), HRESULT> {
        if self.mode == flags::STGM_READWRITE { Ok(()) } else { Err(HRESULT::STG_E_ACCESSDENIED) }
    }
}

impl ours::ISequentialStream for FileStream {
    unsafe fn Read(&self, pv: *mut u8, cb: u32, pcbRead: *mut u32) -> HRESULT {
        if pv.is_null() && cb > 0 {
            return HRESULT::STG_E_INVALIDPOINTER;
        }
        let mut bytes = Vec::new();
        let read = (&mut *self.file()).take(u64::from(cb)).read_to_end(&mut bytes);
        // SAFETY: the buffer has the size, as the caller vouches, and no more bytes were read.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), pv, bytes.len());
            args::put(pcbRead, wire::count(bytes.len()));
        }
        if read.is_err() { HRESULT::STG_E_READFAULT } else { HRESULT::S_OK }
    }

    unsafe fn Write(&self, pv: *mut u8, cb: u32, pcbWritten: *mut u32) -> HRESULT {
        let result = self.writable().and_then(|()| {
            // SAFETY: so many bytes, as the caller vouches.
            let bytes = unsafe { args::bytes(cb, pv.cast()) }.map_err(|_| HRESULT::STG_E_INVALIDPOINTER)?;
            self.file().write_all(&bytes).map_err(|_| HRESULT::STG_E_WRITEFAULT)
        });
        // SAFETY: null or an output, as the caller vouches.
        unsafe { args::put(pcbWritten, if result.is_ok() { cb } else { 0 }) };
        result.err().unwrap_or(HRESULT::S_OK)
    }
}

impl ours::IStream for FileStream {
    unsafe fn Seek(&self, dlibMove: i64, dwOrigin: u32, plibNewPosition: *mut u64) -> HRESULT {
        let to = match dwOrigin {
            flags::STREAM_SEEK_SET => u64::try_from(dlibMove).map(SeekFrom::Start).ok(),
            flags::STREAM_SEEK_CUR => Some(SeekFrom::Current(dlibMove)),
            flags::STREAM_SEEK_END => Some(SeekFrom::End(dlibMove)),
            _ => None,
        };
        match to.map(|to| self.file().seek(to)) {
            Some(Ok(position)) => {
                // SAFETY: null or an output, as the caller vouches.
                unsafe { args::put(plibNewPosition, position) };
                HRESULT::S_OK
            }
            Some(Err(_)) | None => HRESULT::STG_E_INVALIDFUNCTION,
        }
    }

    unsafe fn SetSize(&self, libNewSize: u64) -> HRESULT {
        let resized = self
            .writable()
            .and_then(|()| self.file().set_len(libNewSize).map_err(|_| HRESULT::STG_E_MEDIUMFULL));
        resized.err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn CopyTo(&self, pstm: *mut c_void, cb: u64, pcbRead: *mut u64, pcbWritten: *mut u64) -> HRESULT {
        if pstm.is_null() {
            return HRESULT::STG_E_INVALIDPOINTER;
        }
        let mut bytes = Vec::new();
        if (&mut *self.file()).take(cb).read_to_end(&mut bytes).is_err() {
            return HRESULT::STG_E_READFAULT;
        }
        // SAFETY: a stream, as the caller vouches.
        let written = unsafe { remote::write(pstm, &bytes) };
        let count = bytes.len() as u64;
        // SAFETY: null or outputs, as the caller vouches.
        unsafe {
            args::put(pcbRead, count);
            args::put(pcbWritten, if written.is_ok() { count } else { 0 });
        }
        written.err().unwrap_or(HRESULT::S_OK)
    }

    unsafe fn Commit(&self, _grfCommitFlags: u32) -> HRESULT {
        if self.file().flush().is_err() { HRESULT::STG_E_WRITEFAULT } else { HRESULT::S_OK }
    }

    unsafe fn Revert(&self) -> HRESULT {
        // A file is not transacted: there is nothing to go back to.
        HRESULT::S_OK
    }

    unsafe fn LockRegion(&self, _libOffset: u64, _cb: u64, _dwLockType: u32) -> HRESULT {
        HRESULT::STG_E_INVALIDFUNCTION
    }

    unsafe fn UnlockRegion(&self, _libOffset: u64, _cb: u64, _dwLockType: u32) -> HRESULT {
        HRESULT::STG_E_INVALIDFUNCTION
    }

    unsafe fn Stat(&self, pstatstg: *mut STATSTG, _grfStatFlag: u32) -> HRESULT {
        if pstatstg.is_null() {
            return HRESULT::STG_E_INVALIDPOINTER;
        }
        let Ok(size) = self.file().metadata().map(|metadata| metadata.len()) else {
            return HRESULT::STG_E_READFAULT;
        };
        // SAFETY: numbers and pointers, for which zero is a value.
        let mut stat: STATSTG = unsafe { std::mem::zeroed() };
        stat.r#type = flags::STGTY_STREAM;
        stat.cbSize = size;
        stat.grfMode = self.mode;
        // SAFETY: the caller vouches for the output.
        unsafe { args::put(pstatstg, stat) };
        HRESULT::S_OK
    }

    unsafe fn Clone(&self, ppstm: *mut *mut c_void) -> HRESULT {
        // SAFETY: null or an output, as the caller vouches.
        unsafe { args::put(ppstm, ptr::null_mut()) };
        HRESULT::STG_E_INVALIDFUNCTION
    }
}
