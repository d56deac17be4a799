//! The bytes of TNEF: a signature, a key, attributes with checksums; in some of them properties.

use mapi_spi::tags::PropType;
use mapi_spi::values::PropValue;
use mapi_spi::{HRESULT, PropTag};

use crate::objects::Row;
use crate::objects::names::{Name, NameKind};

pub(super) const SIGNATURE: u32 = 0x223E_9F78;
const VERSION: u32 = 0x0001_0000;
/// The code page of 8-bit text here.
const CODEPAGE: u32 = 1252;

pub(super) const ATT_TNEF_VERSION: u32 = 0x0008_9006;
pub(super) const ATT_OEM_CODEPAGE: u32 = 0x0006_9007;
pub(super) const ATT_MESSAGE_CLASS: u32 = 0x0007_8008;
pub(super) const ATT_SUBJECT: u32 = 0x0001_8004;
pub(super) const ATT_BODY: u32 = 0x0002_800C;
pub(super) const ATT_MAPI_PROPS: u32 = 0x0006_9003;
pub(super) const ATT_RECIP_TABLE: u32 = 0x0006_9004;
pub(super) const ATT_ATTACH_RENDDATA: u32 = 0x0006_9002;
pub(super) const ATT_ATTACHMENT: u32 = 0x0006_9005;
pub(super) const ATT_ATTACH_TITLE: u32 = 0x0001_8010;
pub(super) const ATT_ATTACH_DATA: u32 = 0x0006_800F;

/// Identifiers from here on have names.
pub(super) const FIRST_NAMED: u16 = 0x8000;

/// Whose attribute it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Message,
    Attachment,
}

/// A property as it is encoded: an identifier with a name is not the same in another message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Prop {
    pub(super) tag: PropTag,
    pub(super) name: Option<Name>,
    pub(super) value: Value,
}

/// A value; that of an object is its interface and its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Plain(PropValue),
    Object([u8; 16], Vec<u8>),
}

/// TNEF being written.
#[derive(Debug)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// The beginning of a stream.
    pub(super) fn new(key: u16) -> Self {
        let mut bytes = SIGNATURE.to_le_bytes().to_vec();
        bytes.extend(key.to_le_bytes());
        let mut writer = Self { bytes };
        writer.attribute(Level::Message, ATT_TNEF_VERSION, &VERSION.to_le_bytes());
        let pages = [CODEPAGE.to_le_bytes(), 0_u32.to_le_bytes()].concat();
        writer.attribute(Level::Message, ATT_OEM_CODEPAGE, &pages);
        writer
    }

    pub(super) fn attribute(&mut self, level: Level, id: u32, data: &[u8]) {
        self.bytes.push(match level {
            Level::Message => 1,
            Level::Attachment => 2,
        });
        self.bytes.extend(id.to_le_bytes());
        self.bytes.extend(length(data).to_le_bytes());
        self.bytes.extend(data);
        self.bytes.extend(checksum(data).to_le_bytes());
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

fn length(data: &[u8]) -> u32 {
    u32::try_from(data.len()).unwrap_or(u32::MAX)
}

fn checksum(data: &[u8]) -> u16 {
    data.iter().fold(0, |sum: u16, byte| sum.wrapping_add(u16::from(*byte)))
}

/// Properties as `attMAPIProps` and `attAttachment` hold them.
pub(super) fn props(props: &[Prop]) -> Vec<u8> {
    let mut bytes = count(props.len()).to_vec();
    props.iter().for_each(|prop| put(&mut bytes, prop));
    bytes
}

/// Rows as `attRecipTable` holds them.
pub(super) fn table(rows: &[Row]) -> Vec<u8> {
    let mut bytes = count(rows.len()).to_vec();
    for row in rows {
        let plain = |(tag, value): &(PropTag, PropValue)| Prop {
            tag: *tag,
            name: None,
            value: Value::Plain(value.clone()),
        };
        bytes.extend(props(&row.iter().map(plain).collect::<Vec<_>>()));
    }
    bytes
}

fn count(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

fn padded(bytes: &mut Vec<u8>, data: &[u8]) {
    bytes.extend(data);
    bytes.resize(bytes.len() + data.len().next_multiple_of(4) - data.len(), 0);
}

fn sized(bytes: &mut Vec<u8>, data: &[u8]) {
    bytes.extend(length(data).to_le_bytes());
    padded(bytes, data);
}

fn wide(text: &[u16]) -> Vec<u8> {
    text.iter().chain([&0]).flat_map(|unit| unit.to_le_bytes()).collect()
}

fn narrow(text: &[u8]) -> Vec<u8> {
    text.iter().copied().chain([0]).collect()
}

fn put(bytes: &mut Vec<u8>, prop: &Prop) {
    bytes.extend(prop.tag.prop_type().0.to_le_bytes());
    bytes.extend(prop.tag.id().to_le_bytes());
    if let Some(name) = &prop.name {
        bytes.extend(name.set);
        match &name.kind {
            NameKind::Id(id) => {
                bytes.extend(0_u32.to_le_bytes());
                bytes.extend(id.to_le_bytes());
            }
            NameKind::Text(text) => {
                bytes.extend(1_u32.to_le_bytes());
                sized(bytes, &wide(text));
            }
        }
    }
    match &prop.value {
        Value::Object(iid, data) => {
            bytes.extend(count(1));
            sized(bytes, &[iid.as_slice(), data].concat());
        }
        Value::Plain(value) => put_value(bytes, value),
    }
}

fn put_value(bytes: &mut Vec<u8>, value: &PropValue) {
    use PropValue as V;
    let mut fixed = |data: &[u8]| padded(bytes, data);
    match value {
        V::Null | V::Object => {}
        V::I2(v) => fixed(&v.to_le_bytes()),
        V::Boolean(v) => fixed(&u16::from(*v).to_le_bytes()),
        V::Long(v) => fixed(&v.to_le_bytes()),
        V::R4(v) => fixed(&v.to_le_bytes()),
        V::Error(v) => fixed(&v.to_u32().to_le_bytes()),
        V::Double(v) | V::AppTime(v) => fixed(&v.to_le_bytes()),
        V::Currency(v) | V::I8(v) => fixed(&v.to_le_bytes()),
        V::SysTime(v) => fixed(&v.to_le_bytes()),
        V::Clsid(v) => fixed(v),
        V::Unknown(_, v) => fixed(&v.to_le_bytes()),
        V::String8(v) => one(bytes, &narrow(v)),
        V::Unicode(v) => one(bytes, &wide(v)),
        V::Binary(v) => one(bytes, v),
        V::MvI2(v) => several(bytes, v, |v| v.to_le_bytes().to_vec()),
        V::MvLong(v) => several(bytes, v, |v| v.to_le_bytes().to_vec()),
        V::MvR4(v) => several(bytes, v, |v| v.to_le_bytes().to_vec()),
        V::MvDouble(v) | V::MvAppTime(v) => several(bytes, v, |v| v.to_le_bytes().to_vec()),
        V::MvCurrency(v) | V::MvI8(v) => several(bytes, v, |v| v.to_le_bytes().to_vec()),
        V::MvSysTime(v) => several(bytes, v, |v| v.to_le_bytes().to_vec()),
        V::MvClsid(v) => several(bytes, v, |v| v.to_vec()),
        V::MvString8(v) => several_sized(bytes, v, |v| narrow(v)),
        V::MvUnicode(v) => several_sized(bytes, v, |v| wide(v)),
        V::MvBinary(v) => several_sized(bytes, v, Clone::clone),
    }
}

fn one(bytes: &mut Vec<u8>, data: &[u8]) {
    bytes.extend(count(1));
    sized(bytes, data);
}

fn several<T>(bytes: &mut Vec<u8>, values: &[T], encode: impl Fn(&T) -> Vec<u8>) {
    bytes.extend(count(values.len()));
    values.iter().for_each(|value| padded(bytes, &encode(value)));
}

fn several_sized<T>(bytes: &mut Vec<u8>, values: &[T], encode: impl Fn(&T) -> Vec<u8>) {
    bytes.extend(count(values.len()));
    values.iter().for_each(|value| sized(bytes, &encode(value)));
}

/// An attribute of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute<'a> {
    pub(super) level: Level,
    pub(super) id: u32,
    pub(super) data: &'a [u8],
}

/// The attributes of a stream.
///
/// # Errors
///
/// MAPI_E_CORRUPT_DATA.
pub(super) fn attributes(bytes: &[u8]) -> Result<Vec<Attribute<'_>>, HRESULT> {
    let mut reader = Reader { bytes };
    if reader.long()? != SIGNATURE {
        return Err(HRESULT::MAPI_E_CORRUPT_DATA);
    }
    reader.take(2)?;
    let mut all = Vec::new();
    while !reader.bytes.is_empty() {
        let level = match reader.take(1)? {
            [1] => Level::Message,
            [2] => Level::Attachment,
            _ => return Err(HRESULT::MAPI_E_CORRUPT_DATA),
        };
        let id = reader.long()?;
        let length = reader.long()? as usize;
        let data = reader.take(length)?;
        let sum = reader.take(2)?;
        if sum != checksum(data).to_le_bytes() {
            return Err(HRESULT::MAPI_E_CORRUPT_DATA);
        }
        all.push(Attribute { level, id, data });
    }
    Ok(all)
}

/// The code pages that a stream names.
///
/// # Errors
///
/// MAPI_E_CORRUPT_DATA; MAPI_E_NOT_FOUND where it names none.
pub(super) fn codepage(bytes: &[u8]) -> Result<(u32, u32), HRESULT> {
    let attributes = attributes(bytes)?;
    let found = attributes.iter().find(|attribute| attribute.id == ATT_OEM_CODEPAGE);
    let mut reader = Reader { bytes: found.ok_or(HRESULT::MAPI_E_NOT_FOUND)?.data };
    Ok((reader.long()?, reader.long().unwrap_or(0)))
}

/// The properties of `attMAPIProps` or `attAttachment`.
///
/// # Errors
///
/// MAPI_E_CORRUPT_DATA.
pub(super) fn read_props(data: &[u8]) -> Result<Vec<Prop>, HRESULT> {
    Reader { bytes: data }.props()
}

/// The rows of `attRecipTable`.
///
/// # Errors
///
/// MAPI_E_CORRUPT_DATA.
pub(super) fn read_table(data: &[u8]) -> Result<Vec<Row>, HRESULT> {
    let mut reader = Reader { bytes: data };
    let rows = reader.long()?;
    (0..rows)
        .map(|_| {
            let plain = |prop: Prop| match prop.value {
                Value::Plain(value) => Some((prop.tag, value)),
                Value::Object(..) => None,
            };
            Ok(reader.props()?.into_iter().filter_map(plain).collect())
        })
        .collect()
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], HRESULT> {
        let (part, rest) = self.bytes.split_at_checked(length).ok_or(HRESULT::MAPI_E_CORRUPT_DATA)?;
        self.bytes = rest;
        Ok(part)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], HRESULT> {
        let part = self.take(N)?;
        let pad = (N.next_multiple_of(4) - N).min(self.bytes.len());
        self.take(pad)?;
        part.try_into().map_err(|_| HRESULT::MAPI_E_CORRUPT_DATA)
    }

    fn long(&mut self) -> Result<u32, HRESULT> {
        self.array().map(u32::from_le_bytes)
    }

    fn sized(&mut self) -> Result<&'a [u8], HRESULT> {
        let length = self.long()? as usize;
        let part = self.take(length)?;
        let pad = length.next_multiple_of(4) - length;
        self.take(pad.min(self.bytes.len()))?;
        Ok(part)
    }

    fn props(&mut self) -> Result<Vec<Prop>, HRESULT> {
        let count = self.long()?;
        (0..count).map(|_| self.prop()).collect()
    }

    fn prop(&mut self) -> Result<Prop, HRESULT> {
        let kind = PropType(u16::from_le_bytes(self.take(2)?.try_into().unwrap_or_default()));
        let id = u16::from_le_bytes(self.take(2)?.try_into().unwrap_or_default());
        let name = if id >= FIRST_NAMED { Some(self.name()?) } else { None };
        Ok(Prop { tag: PropTag::new(id, kind), name, value: self.value(kind)? })
    }

    fn name(&mut self) -> Result<Name, HRESULT> {
        let set = self.array::<16>()?;
        let kind = match self.long()? {
            0 => NameKind::Id(self.long()?.cast_signed()),
            1 => NameKind::Text(units(self.sized()?)),
            _ => return Err(HRESULT::MAPI_E_CORRUPT_DATA),
        };
        Ok(Name { set, kind })
    }

    fn many<T>(&mut self, mut read: impl FnMut(&mut Self) -> Result<T, HRESULT>) -> Result<Vec<T>, HRESULT> {
        let count = self.long()?;
        (0..count).map(|_| read(self)).collect()
    }

    /// A value of which there is one, counted all the same.
    fn single(&mut self) -> Result<&'a [u8], HRESULT> {
        if self.long()? != 1 {
            return Err(HRESULT::MAPI_E_CORRUPT_DATA);
        }
        self.sized()
    }

    fn value(&mut self, kind: PropType) -> Result<Value, HRESULT> {
        use PropValue as V;
        Ok(Value::Plain(match kind {
            PropType::PT_NULL => V::Null,
            PropType::PT_I2 => V::I2(i16::from_le_bytes(self.array()?)),
            PropType::PT_BOOLEAN => V::Boolean(u16::from_le_bytes(self.array()?) != 0),
            PropType::PT_LONG => V::Long(i32::from_le_bytes(self.array()?)),
            PropType::PT_R4 => V::R4(f32::from_le_bytes(self.array()?)),
            PropType::PT_ERROR => V::Error(HRESULT(i32::from_le_bytes(self.array()?))),
            PropType::PT_DOUBLE => V::Double(f64::from_le_bytes(self.array()?)),
            PropType::PT_APPTIME => V::AppTime(f64::from_le_bytes(self.array()?)),
            PropType::PT_CURRENCY => V::Currency(i64::from_le_bytes(self.array()?)),
            PropType::PT_I8 => V::I8(i64::from_le_bytes(self.array()?)),
            PropType::PT_SYSTIME => V::SysTime(u64::from_le_bytes(self.array()?)),
            PropType::PT_CLSID => V::Clsid(self.array()?),
            PropType::PT_STRING8 => V::String8(text(self.single()?)),
            PropType::PT_UNICODE => V::Unicode(units(self.single()?)),
            PropType::PT_BINARY => V::Binary(self.single()?.to_vec()),
            PropType::PT_OBJECT => {
                let data = self.single()?;
                let (iid, data) = data.split_at_checked(16).ok_or(HRESULT::MAPI_E_CORRUPT_DATA)?;
                return Ok(Value::Object(iid.try_into().unwrap_or_default(), data.to_vec()));
            }
            PropType::PT_MV_I2 => V::MvI2(self.many(|r| r.array().map(i16::from_le_bytes))?),
            PropType::PT_MV_LONG => V::MvLong(self.many(|r| r.array().map(i32::from_le_bytes))?),
            PropType::PT_MV_R4 => V::MvR4(self.many(|r| r.array().map(f32::from_le_bytes))?),
            PropType::PT_MV_DOUBLE => V::MvDouble(self.many(|r| r.array().map(f64::from_le_bytes))?),
            PropType::PT_MV_APPTIME => V::MvAppTime(self.many(|r| r.array().map(f64::from_le_bytes))?),
            PropType::PT_MV_CURRENCY => V::MvCurrency(self.many(|r| r.array().map(i64::from_le_bytes))?),
            PropType::PT_MV_I8 => V::MvI8(self.many(|r| r.array().map(i64::from_le_bytes))?),
            PropType::PT_MV_SYSTIME => V::MvSysTime(self.many(|r| r.array().map(u64::from_le_bytes))?),
            PropType::PT_MV_CLSID => V::MvClsid(self.many(Reader::array)?),
            PropType::PT_MV_STRING8 => V::MvString8(self.many(|r| r.sized().map(text))?),
            PropType::PT_MV_UNICODE => V::MvUnicode(self.many(|r| r.sized().map(units))?),
            PropType::PT_MV_BINARY => V::MvBinary(self.many(|r| r.sized().map(<[u8]>::to_vec))?),
            _ => return Err(HRESULT::MAPI_E_CORRUPT_DATA),
        }))
    }
}

/// 8-bit text up to its terminator.
pub(super) fn text(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().take_while(|byte| *byte != 0).collect()
}

fn units(bytes: &[u8]) -> Vec<u16> {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().map(|pair| u16::from_le_bytes(*pair)).take_while(|unit| *unit != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let named = Name { set: [7; 16], kind: NameKind::Text("größe".encode_utf16().collect()) };
        let all = vec![
            Prop {
                tag: PropTag(0x0037_001F),
                name: None,
                value: Value::Plain(PropValue::Unicode(vec![0x61, 0xE9])),
            },
            Prop { tag: PropTag(0x6600_0002), name: None, value: Value::Plain(PropValue::I2(-2)) },
            Prop {
                tag: PropTag(0x6601_1102),
                name: None,
                value: Value::Plain(PropValue::MvBinary(vec![vec![1], vec![]])),
            },
            Prop {
                tag: PropTag(0x8001_000B),
                name: Some(named),
                value: Value::Plain(PropValue::Boolean(true)),
            },
            Prop { tag: PropTag(0x3701_000D), name: None, value: Value::Object([9; 16], vec![1, 2, 3]) },
        ];
        let mut writer = Writer::new(5);
        writer.attribute(Level::Message, ATT_MAPI_PROPS, &props(&all));
        let bytes = writer.finish();
        let attributes = attributes(&bytes).expect("whole");
        assert_eq!(attributes.len(), 3);
        assert_eq!(read_props(attributes[2].data), Ok(all));
        assert_eq!(codepage(&bytes), Ok((1252, 0)));
    }

    #[test]
    fn what_is_broken_is_told() {
        let mut bytes = Writer::new(5).finish();
        assert!(attributes(&bytes).is_ok());
        *bytes.last_mut().expect("there is one") ^= 1;
        assert_eq!(attributes(&bytes).err(), Some(HRESULT::MAPI_E_CORRUPT_DATA), "a checksum");
        bytes.pop();
        assert_eq!(attributes(&bytes).err(), Some(HRESULT::MAPI_E_CORRUPT_DATA), "an end");
        assert_eq!(attributes(b"mail").err(), Some(HRESULT::MAPI_E_CORRUPT_DATA));
        assert_eq!(read_props(&[0xFF; 4]).err(), Some(HRESULT::MAPI_E_CORRUPT_DATA));
    }
}
