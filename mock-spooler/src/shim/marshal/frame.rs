//! The arguments of a call that the other side makes, laid down in memory.

use mapi_spi::HRESULT;
use mapi_spi::kinds::Wire;
use mapi_spi::meta::{Direction, Method};
use serde_json::{Map, Value};

use super::call::{Call, Width, pointer};
use super::free::free_list;
use super::results::{agrees, is_in_place, known_names};
use super::write::{self, Lent, Place};
use crate::com::Cell;
use crate::objects::wire::Room as _;
use crate::shim::peer::Peer;
use crate::shim::wrong::Wrong;

/// No buffer that is to be read into is larger.
const LARGEST_BUFFER: usize = 32 << 20;

/// Arguments as words, with the memory that they point to.
#[derive(Debug)]
pub(in crate::shim) struct Frame {
    pub(in crate::shim) method: &'static Method,
    pub(in crate::shim) words: Vec<u64>,
    /// Outputs that the caller did not ask for and that are there nevertheless.
    pub(in crate::shim) hidden: Vec<usize>,
    cells: Vec<(usize, Cell)>,
    lists: Vec<u64>,
    _lent: Lent,
}

impl Frame {
    /// Lays the arguments down. A lent argument is gone with the frame, and poisoned then where the room is MAPI's.
    ///
    /// # Errors
    ///
    /// What is wrong with the message.
    pub(in crate::shim) fn new(
        peer: &Peer,
        method: &'static Method,
        params: &Value,
        lent: Lent,
    ) -> Result<Self, Wrong> {
        let empty = Map::new();
        let args = match params.get("args") {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(args)) => args,
            Some(other) => return Err(Wrong::new("an object with the arguments", other).within("args")),
        };
        known_names(args, method, |param| param.direction != Direction::Out)
            .map_err(|wrong| wrong.within("args"))?;
        let pattern = params.get("pattern").and_then(Value::as_bool).unwrap_or(false);
        let unwanted = |name: &str| {
            let without = params.get("without").and_then(Value::as_array);
            without.is_some_and(|names| names.iter().any(|unwanted| unwanted.as_str() == Some(name)))
        };
        let mut frame = Self {
            method,
            words: vec![0; method.params.len()],
            hidden: Vec::new(),
            cells: Vec::new(),
            lists: Vec::new(),
            _lent: lent,
        };
        let within = |name: &str, wrong: Wrong| wrong.within(name).within("args");
        let absent = Value::Null;
        let value = |name: &str| args.get(name).unwrap_or(&absent);
        // Numbers and cells for numbers first: lengths and flags say how the rest is laid down.
        for (index, param) in
            method.params.iter().enumerate().filter(|(_, param)| write::is_number(param.wire))
        {
            let json = value(param.name);
            let number = match json {
                Value::Null => 0,
                json => frame.number(peer, index, json).map_err(|wrong| within(param.name, wrong))?,
            };
            if param.direction == Direction::In {
                frame.words[index] = number;
                continue;
            }
            // How much was read has to be known here, whether the caller asks for it or not.
            let counts =
                index.checked_sub(2).is_some_and(|before| method.params[before].wire == Wire::Buffer);
            match unwanted(param.name) {
                true if counts => frame.hidden.push(index),
                true => continue,
                false => {}
            }
            let cell = match param.direction {
                Direction::InOut => Cell::holding(number),
                Direction::Out | Direction::In => Cell::ulong(pattern),
            };
            frame.cell(index, cell);
        }
        for (index, param) in
            method.params.iter().enumerate().filter(|(_, param)| !write::is_number(param.wire))
        {
            if param.direction != Direction::In && unwanted(param.name) {
                continue;
            }
            frame.pointer(peer, index, args, pattern).map_err(|wrong| within(param.name, wrong))?;
        }
        Ok(frame)
    }

    fn number(&self, peer: &Peer, index: usize, json: &Value) -> Result<u64, Wrong> {
        write::number(&self.call(peer), index, json)
    }

    fn pointer(
        &mut self,
        peer: &Peer,
        index: usize,
        args: &Map<String, Value>,
        pattern: bool,
    ) -> Result<(), Wrong> {
        let param = &self.method.params[index];
        let absent = Value::Null;
        let json = args.get(param.name).unwrap_or(&absent);
        match param.direction {
            Direction::Out if is_in_place(param.wire) => {
                let size = match param.wire {
                    Wire::Buffer => self.call(peer).count_after(index),
                    _ => size_of::<mapi_spi::structs::STATSTG>(),
                };
                if size > LARGEST_BUFFER {
                    return Err(Wrong::told(
                        format!("at most {LARGEST_BUFFER} bytes at once"),
                        size.to_string(),
                    ));
                }
                let room = self._lent.room(size.max(1));
                self.words[index] =
                    room.map_err(|code| Wrong::told("memory for it", code.to_string()))? as usize as u64;
            }
            Direction::Out => self.cell(index, Cell::pointer(pattern)),
            Direction::InOut => {
                let laid = write::pointed(&self.call(peer), index, json, Place::Lent(&self._lent))?;
                self.cell(index, Cell::holding(laid.word));
            }
            Direction::In => {
                // A recipient list may be taken over, so it lies in MAPI's memory.
                let place = if param.wire == Wire::AdrList { Place::Mapi } else { Place::Lent(&self._lent) };
                let laid = write::pointed(&self.call(peer), index, json, place)?;
                if param.wire == Wire::AdrList && laid.word != 0 {
                    self.lists.push(laid.word);
                }
                self.words[index] = laid.word;
                if let Some(count) = laid.count {
                    let counter = match param.wire {
                        Wire::WriteBuffer => Some(index + 1),
                        wire if wire.counted_by_previous() => index.checked_sub(1),
                        _ => None,
                    };
                    if let Some(counter) = counter {
                        let counts = &self.method.params[counter];
                        agrees(counts, args.get(counts.name), count)?;
                        self.words[counter] = count as u64;
                    }
                } else if json.is_null() && param.wire.counted_by_previous() {
                    self.no_array(index, args)?;
                }
            }
        }
        Ok(())
    }

    /// A count without its array would be read beyond what is there.
    fn no_array(&self, index: usize, args: &Map<String, Value>) -> Result<(), Wrong> {
        let Some(counts) = index.checked_sub(1).map(|before| &self.method.params[before]) else {
            return Ok(());
        };
        agrees(counts, args.get(counts.name), 0)
    }

    fn cell(&mut self, index: usize, mut cell: Cell) {
        self.words[index] = cell.ptr::<u64>() as usize as u64;
        self.cells.push((index, cell));
    }

    /// The call that these are the arguments of.
    pub(in crate::shim) fn call<'a>(&'a self, peer: &'a Peer) -> Call<'a> {
        Call { peer, method: self.method, words: &self.words, width: Width::Eight }
    }

    /// What the outputs hold now that take a value early: references of messages.
    pub(in crate::shim) fn early(&self) -> Vec<(&'static str, u64)> {
        let early = |(index, cell): &(usize, Cell)| {
            let param = &self.method.params[*index];
            (param.direction == Direction::InOut && param.wire == Wire::UlongPtr)
                .then(|| (param.name, cell.get()))
        };
        self.cells.iter().filter_map(early).collect()
    }

    /// The call has returned: guards are looked at, lists that nobody has taken over are freed.
    pub(in crate::shim) fn returned(&self) {
        for (index, cell) in &self.cells {
            cell.check(self.method.params[*index].name);
        }
        for list in &self.lists {
            // SAFETY: the list was laid down by this frame; where it was taken over it is freed already.
            unsafe { free_list(pointer(*list).cast()) };
        }
    }

    /// The result of a call that returned this register image.
    pub(in crate::shim) fn code(&self, word: u64) -> HRESULT {
        use mapi_spi::words::FromWord as _;
        if self.method.returns_hresult { HRESULT::from_word(word) } else { HRESULT::S_OK }
    }
}
