//! The provider interface's memory, property lists, rows and objects, without pointers: all unsafe calls into MAPI's
//! side are made here.
//!
//! References to objects are `windows-core`'s interface types, which release when they are dropped; so nothing that is
//! opened here outlives the value that holds it, whichever way a function is left.

mod image;
mod memory;
mod object;
mod props;
mod rows;
mod store_support;
mod stream;
mod support;
mod table;
mod text;

pub(crate) use image::{Entry, Image, Lent, Room, block_of, lay};
pub(crate) use memory::{Block, Memory};
pub(crate) use object::{
    Values, create_attachment, get_props, identifiers_of, open_attachment, open_embedded, opened,
    query_oddly, save, set_props,
};
pub(crate) use props::{Props, Width};
pub(crate) use rows::{AddressList, Rows};
pub(crate) use store_support::NotifKey;
pub(crate) use stream::{open_stream, read_all, write_all};
pub(crate) use support::Support;
pub(crate) use table::{attachment_table, query_rows, recipient_table, set_columns};
pub(crate) use text::{narrow, search_key, wide};

use mapi_spi::HRESULT;

/// Failures are MAPI's codes: whoever fails below an entry point says what that entry point returns.
pub(crate) type Result<T> = std::result::Result<T, HRESULT>;

/// The code as a result; success codes with a meaning of their own survive.
pub(crate) fn check(code: HRESULT) -> Result<HRESULT> {
    if code.is_err() { Err(code) } else { Ok(code) }
}
