//! What the declaration says of each method, as data.

use crate::flags::FlagSet;
use crate::kinds::Wire;

/// Which way a parameter's value travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the caller.
    In,
    /// To the caller, through a pointer.
    Out,
    /// Both ways, through a pointer.
    InOut,
}

/// What a parameter's note says.
#[derive(Clone, Copy, Debug)]
pub enum Note {
    /// Nothing.
    None,
    /// The names of a bit mask's bits.
    Flags(&'static FlagSet),
    /// The interface of an object.
    Interface(&'static str),
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name in the headers.
    pub name: &'static str,
    /// Which way it travels.
    pub direction: Direction,
    /// What it is.
    pub wire: Wire,
    /// Flag set or interface.
    pub note: Note,
}

/// A method.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// The interface that declares it, by its name in the headers.
    pub interface: &'static str,
    /// Its name in the headers.
    pub name: &'static str,
    /// Interface and method, `IXPLogon.StartMessage`; an exported function by its name.
    pub full_name: &'static str,
    /// What it does, in a line.
    pub doc: &'static str,
    /// The page that documents it: a file name without `.md` in the public documentation.
    pub page: &'static str,
    /// Its parameters, without the object itself.
    pub params: &'static [Param],
    /// Whether it returns an `HRESULT`.
    pub returns_hresult: bool,
}

/// An interface.
#[derive(Clone, Copy, Debug)]
pub struct Interface {
    /// Its name in the headers.
    pub name: &'static str,
    /// The interface it extends.
    pub base: &'static str,
    /// Its identifier in text form.
    pub iid: &'static str,
    /// What it is, in a line.
    pub doc: &'static str,
    /// The methods it adds to its base, in vtable order.
    pub methods: &'static [&'static Method],
}

impl Interface {
    /// The interface of a name, if there is one. `IUnknown` is not among them: COM declares it.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        INTERFACES.iter().find(|interface| interface.name == name)
    }

    /// The vtable slot of this interface's first own method: three for `IUnknown`'s plus those of all bases.
    #[must_use]
    pub fn first_slot(&self) -> usize {
        Self::by_name(self.base).map_or(3, |base| base.first_slot() + base.methods.len())
    }

    /// All methods with their vtable slots, those of the bases first, `IUnknown`'s left out.
    #[must_use]
    pub fn all_methods(&self) -> Vec<(usize, &'static Method)> {
        let mut all = Self::by_name(self.base).map_or_else(Vec::new, Self::all_methods);
        let first = self.first_slot();
        all.extend(self.methods.iter().enumerate().map(|(index, method)| (first + index, *method)));
        all
    }

    /// Whether this interface is `name` or extends it.
    #[must_use]
    pub fn extends(&self, name: &str) -> bool {
        self.name == name
            || name == "IUnknown"
            || Self::by_name(self.base).is_some_and(|base| base.extends(name))
    }
}

macro_rules! direction {
    (in) => {
        Direction::In
    };
    (out) => {
        Direction::Out
    };
    (inout) => {
        Direction::InOut
    };
}

macro_rules! note {
    (Object $interface:ident) => {
        Note::Interface(stringify!($interface))
    };
    ($kind:ident $set:ident) => {
        $crate::meta::Note::Flags(&$crate::flags::$set)
    };
    ($kind:ident) => {
        Note::None
    };
}

macro_rules! describe {
    ($(
        $(#[doc = $idoc:literal])*
        interface $interface:ident: $base:ident = $iid:literal {
            $(
                $(#[doc = $doc:literal])*
                #[page = $page:literal]
                fn $method:ident($($dir:ident $param:ident: $kind:ident $([$note:ident])?),*) -> $ret:ty;
            )*
        }
    )*) => {
        /// A description of every method, by interface and name.
        pub mod methods {
            use super::{Direction, Method, Note, Param};
            $(
                #[doc = concat!("The methods of `", stringify!($interface), "`.")]
                pub mod $interface {
                    #[allow(unused_imports)]
                    use super::{Direction, Method, Note, Param};
                    #[allow(unused_imports)]
                    use crate::kinds::{self, Kind as _};
                    $(
                        $(#[doc = $doc])*
                        pub static $method: Method = Method {
                            interface: stringify!($interface),
                            name: stringify!($method),
                            full_name: concat!(stringify!($interface), ".", stringify!($method)),
                            doc: concat!($($doc),*),
                            page: $page,
                            params: &[$(Param {
                                name: stringify!($param),
                                direction: direction!($dir),
                                wire: kinds::$kind::WIRE,
                                note: note!($kind $($note)?),
                            }),*],
                            returns_hresult: super::super::is_hresult(stringify!($ret)),
                        };
                    )*
                }
            )*
        }

        /// Every interface, bases before what extends them.
        pub static INTERFACES: &[Interface] = &[$(Interface {
            name: stringify!($interface),
            base: stringify!($base),
            iid: $iid,
            doc: concat!($($idoc),*),
            methods: &[$(&methods::$interface::$method),*],
        }),*];
    };
}

pub(crate) const fn is_hresult(ty: &str) -> bool {
    // The last seven bytes tell: no other return type of the declaration ends like this.
    let bytes = ty.as_bytes();
    let tail = b"HRESULT";
    if bytes.len() < tail.len() {
        return false;
    }
    let mut index = 0;
    while index < tail.len() {
        if bytes[bytes.len() - tail.len() + index] != tail[index] {
            return false;
        }
        index += 1;
    }
    true
}

pub(crate) use {direction, note};

crate::for_each_interface!(describe);
